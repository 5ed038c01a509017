// What pages fetch, under which names it is remembered, and what a change makes stale.

import { keepPreviousData, QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useRef } from 'react'
import * as api from './api.ts'
import { asFailure } from './failure.ts'
import { type Loaded, loadedFrom } from './loaded.tsx'

/** What a refused token makes untrue: how the links are said to be. */
const OF_LINKS = ['integrations', 'health']

export const queryClient = new QueryClient({
  // The server already tries again where that helps; a failure is shown at once, with a button to retry.
  defaultOptions: { queries: { retry: false, staleTime: 15_000 }, mutations: { retry: false } },
})

/** Asked again whenever one comes back to the tab: somebody else may have signed in meanwhile. */
export function useSession(): Loaded<api.Session> {
  const result = useQuery({
    queryKey: ['session'],
    queryFn: api.readSession,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: 'always',
  })
  // When asking again fails, what one is doing on the page is not thrown away for it.
  return result.data ? { state: 'loaded', value: result.data, busy: result.isFetching } : loadedFrom(result)
}

export function useIntegrations() {
  return loadedFrom(useQuery({ queryKey: ['integrations'], queryFn: api.listIntegrations }))
}

/** The server asks the platform at most once a minute, so that asking more often tells nothing new. */
export function useHealth(integration: api.Integration) {
  const { id, updated_at } = integration
  return loadedFrom(
    useQuery({ queryKey: ['health', id, updated_at], queryFn: () => api.readHealth(id), staleTime: 60_000 }),
  )
}

export function useKeys() {
  return loadedFrom(useQuery({ queryKey: ['keys'], queryFn: api.listKeys }))
}

export function useTokens() {
  return loadedFrom(useQuery({ queryKey: ['tokens'], queryFn: api.listTokens }))
}

/** Whatever else the dashboard does may add to them. The page before is shown until the next one is there. */
export function useEvents(page: number) {
  const result = useQuery({
    queryKey: ['events', page],
    queryFn: () => api.listEvents(page),
    placeholderData: keepPreviousData,
    staleTime: 0,
  })
  return loadedFrom(result)
}

export function useOrganizations(link: string) {
  const result = useQuery({
    queryKey: ['organizations', link],
    queryFn: ({ signal }) => throughLink(api.listOrganizations(link, signal)),
    staleTime: 300_000,
  })
  return loadedFrom(result)
}

/** Waits for a call that a link makes; when its token was refused, what is known of the links is fetched again. */
export async function throughLink<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (isForbidden(error)) await refetch(queryClient, OF_LINKS)
    throw error
  }
}

function isForbidden(error: unknown): boolean {
  const { status, code } = asFailure(error)
  return status === 403 && code !== 'csrf' && code !== 'password_required'
}

async function refetch(client: QueryClient, names: string[]): Promise<void> {
  await Promise.all(names.map((name) => client.invalidateQueries({ queryKey: [name] })))
}

interface ChangeOptions<Input, Output> {
  /** The lists that are fetched again. */
  stale?: string[]
  /** Runs when they are there, even if what asked for the change is gone with it. */
  done?: (output: Output, input: Input) => void
}

/** A write. While one is under way, another is not begun: a form may be sent twice before it is shown as busy. */
export function useChange<Input, Output>(
  change: (input: Input) => Promise<Output>,
  { stale = [], done }: ChangeOptions<Input, Output> = {},
) {
  const client = useQueryClient()
  const isRunning = useRef(false)
  const { mutate: begin, ...mutation } = useMutation({
    mutationFn: change,
    onSuccess: async (output, input) => {
      await refetch(client, stale)
      done?.(output, input)
    },
    onError: async (error) => {
      if (isForbidden(error)) await refetch(client, OF_LINKS)
    },
    onSettled: () => {
      isRunning.current = false
    },
  })

  function mutate(input: Input): void {
    if (isRunning.current) return
    isRunning.current = true
    begin(input)
  }
  return { ...mutation, mutate }
}

/** What a dialog or a form has to know of a write. */
export interface Change {
  isPending: boolean
  isSuccess: boolean
  error: Error | null
  reset: () => void
}
