// A search's state is in the address bar: the link, the query and the page. Only text being typed is kept here.

import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type Found, type Integration, readableQuery, type SearchInput } from '../api.ts'
import { loadedFrom } from '../loaded.tsx'
import { throughLink } from '../queries.ts'
import { pushAddress, replaceAddress, useAddress } from '../router.ts'

const TYPING_PAUSE_MS = 250

/** Converts between a page's controls and the query grammar. */
export interface Grammar<Filter> {
  read: (query: string) => Filter
  query: (filter: Filter) => string
  /** The filter for an address without a query. */
  initial: (link: Integration) => Filter
  /** The part of the filter that is valid for another link too. */
  afterLink: (filter: Filter, link: Integration) => Filter
}

interface SearchAddress {
  link: Integration
  query: string
  page: number
}

/** The filter in the address, and the three ways to change it. */
export function useSearchAddress<Filter>(
  path: string,
  integrations: [Integration, ...Integration[]],
  grammar: Grammar<Filter>,
) {
  const { searchParams } = useAddress()
  // The text as it was typed, such as "api " with its space. It counts while the address has the query made from it.
  const [draft, setDraft] = useState<{ filter: Filter; query: string } | null>(null)
  const wanted = searchParams.get('link')
  const link = integrations.find(({ id }) => id === wanted) ?? integrations[0]
  const query = searchParams.get('query') ?? grammar.query(grammar.initial(link))
  const isTyped = draft?.query === query
  const filter = isTyped ? draft.filter : grammar.read(query)
  const page = Number(searchParams.get('page') ?? 1)

  function addressOf(address: SearchAddress): string {
    const { link, query, page } = address
    const params = new URLSearchParams({ link: link.id, query, ...(page > 1 && { page: String(page) }) })
    return `${path}?${readableQuery(params)}`
  }

  return {
    link,
    query,
    filter,
    isTyped,
    page: Number.isInteger(page) && page > 0 ? page : 1,
    change(part: Partial<Filter>): void {
      const changed = { ...filter, ...part }
      const changedQuery = grammar.query(changed)
      setDraft({ filter: changed, query: changedQuery })
      replaceAddress(addressOf({ link, query: changedQuery, page: 1 }))
    },
    chooseLink(chosen: Integration): void {
      const query = grammar.query(grammar.afterLink(filter, chosen))
      pushAddress(addressOf({ link: chosen, query, page: 1 }))
    },
    goToPage(page: number): void {
      pushAddress(addressOf({ link, query, page }))
    },
  }
}

interface FoundInput<T> extends SearchAddress {
  path: string
  isTyped: boolean
  search: (input: SearchInput) => Promise<Found<T>>
  /** Whether the query can be sent. */
  isComplete: (query: string) => boolean
}

/**
 * Searches when typing pauses. The previous call is aborted, and its results stay visible until the new ones arrive.
 */
export function useFound<T>({ path, link, query, page, isTyped, search, isComplete }: FoundInput<T>) {
  const { id } = link
  const [paused] = useDebouncedValue(query, TYPING_PAUSE_MS)
  const settled = isTyped ? paused : query
  const result = useQuery({
    queryKey: ['search', path, id, settled, page],
    queryFn: ({ signal }) => throughLink(search({ link: id, query: settled, page, signal })),
    enabled: isComplete(settled),
    placeholderData: (previous, before) => (before?.queryKey[2] === id ? keepPreviousData(previous) : undefined),
    staleTime: 30_000,
  })
  return { found: loadedFrom(result), settled, isPaused: settled === query }
}
