// Fetched data as one union: loading, failed or loaded. Every page shows all three.

import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { type ApiFailure, asFailure } from './failure.ts'
import { Failed } from './ui/failed.tsx'

export type Loaded<T> =
  | { state: 'loading' }
  | { state: 'failed'; failure: ApiFailure; retry: () => void }
  | { state: 'loaded'; value: T; busy: boolean }

export function loadedFrom<T>(result: UseQueryResult<T>): Loaded<T> {
  if (result.isError) return { state: 'failed', failure: asFailure(result.error), retry: () => result.refetch() }
  if (result.data === undefined) return { state: 'loading' }
  return { state: 'loaded', value: result.data, busy: result.isFetching }
}

interface LoadProps<T> {
  of: Loaded<T>
  skeleton: ReactNode
  children: (value: T, busy: boolean) => ReactNode
}

export function Load<T>({ of, skeleton, children }: LoadProps<T>) {
  if (of.state === 'loading') {
    return (
      <div aria-busy="true">
        <span className="visually-hidden" role="status">
          Loading…
        </span>
        {skeleton}
      </div>
    )
  }
  if (of.state === 'failed') return <Failed failure={of.failure} retry={of.retry} />
  return children(of.value, of.busy)
}
