// The state of a list is in the address bar: its filters and its page.

import { useDebouncedValue } from '@mantine/hooks'
import { useState } from 'react'
import { readableQuery } from '../../api.ts'
import { type AdministrationPath, pushAddress, replaceAddress, useAddress } from '../../router.ts'

const TYPING_PAUSE_MS = 250

export interface ListAddress<Name extends string> {
  /** Empty: not set. */
  filters: Record<Name, string>
  isFiltered: boolean
  /** Filters and page as a query; while somebody is typing, as it was before. */
  settled: string
  isSettled: boolean
  /** Changes a text without a step in the history for each letter. */
  type: (name: Name, text: string) => void
  choose: (name: Name, value: string) => void
  clear: () => void
  goToPage: (page: number) => void
}

export function useListAddress<Name extends string>(
  path: AdministrationPath,
  names: readonly Name[],
): ListAddress<Name> {
  const { searchParams } = useAddress()
  const [typed, setTyped] = useState<string | null>(null)
  const query = readableQuery(searchParams)
  const [paused] = useDebouncedValue(query, TYPING_PAUSE_MS)
  const settled = typed === query ? paused : query

  /** Another filter begins at the first page again. */
  function changed(name: Name, value: string): URLSearchParams {
    const params = new URLSearchParams(searchParams)
    params.delete('page')
    if (value === '') params.delete(name)
    else params.set(name, value)
    return params
  }

  function addressOf(params: URLSearchParams): string {
    return params.size === 0 ? path : `${path}?${readableQuery(params)}`
  }

  return {
    filters: Object.fromEntries(names.map((name) => [name, searchParams.get(name) ?? ''])) as Record<Name, string>,
    isFiltered: names.some((name) => searchParams.has(name)),
    settled,
    isSettled: settled === query,
    type(name, text) {
      const params = changed(name, text)
      setTyped(readableQuery(params))
      replaceAddress(addressOf(params))
    },
    choose: (name, value) => pushAddress(addressOf(changed(name, value))),
    clear: () => pushAddress(path),
    goToPage(page) {
      const params = new URLSearchParams(searchParams)
      params.set('page', String(page))
      pushAddress(addressOf(params))
    },
  }
}
