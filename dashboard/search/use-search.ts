// One search page's state: the link, the query and the page, kept in the address bar; and what was found.

import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { type Found, type Integration, legible } from '../api.ts'
import { loadedFrom } from '../loaded.tsx'
import { replaceAddress, useAddress } from '../router.ts'

const TYPING_PAUSE_MS = 250

/** What the address bar asks for: the link if it is one of ours (else the first), its query and page. */
export function useSearchAddress(integrations: Integration[]) {
  const { searchParams } = useAddress()
  const wanted = searchParams.get('link')
  const link = integrations.find(({ id }) => id === wanted) ?? integrations[0]
  const page = Number(searchParams.get('page') ?? 1)
  return {
    link,
    query: searchParams.get('query'),
    page: Number.isInteger(page) && page > 0 ? page : 1,
  }
}

interface SearchInput<T> {
  path: string
  link: Integration | undefined
  query: string
  page: number
  search: (input: { link: string; query: string; page: number; signal: AbortSignal }) => Promise<Found<T>>
}

/** Searches when the typing pauses; what was asked before is aborted, its answer stays until the next one comes. */
export function useSearch<T>({ path, link, query, page, search }: SearchInput<T>) {
  const id = link?.id ?? ''
  const [settled] = useDebouncedValue(query, TYPING_PAUSE_MS)

  useEffect(() => {
    if (id === '') return
    const params = new URLSearchParams({ link: id, query, ...(page > 1 && { page: String(page) }) })
    replaceAddress(`${path}?${legible(params)}`)
  }, [path, id, query, page])

  const result = useQuery({
    queryKey: ['search', path, id, settled, page],
    queryFn: ({ signal }) => search({ link: id, query: settled, page, signal }),
    enabled: id !== '' && settled !== '',
    placeholderData: (previous, before) => (before?.queryKey[2] === id ? keepPreviousData(previous) : undefined),
    staleTime: 30_000,
  })
  const idle = query === '' || settled === ''
  return { found: loadedFrom(result), idle, settled, typing: settled !== query }
}
