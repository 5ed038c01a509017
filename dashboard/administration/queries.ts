// What the administrators' pages fetch. Any change makes all of it outdated: each also adds to the trail.

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type Loaded, loadedFrom } from '../loaded.tsx'
import * as api from './api.ts'

/** The beginning of all cache keys here. */
export const ADMINISTRATION = 'administration'

/** The old page stays visible until the new one is there. */
export function useList<Item>(path: string, query: string): Loaded<api.Listed<Item>> {
  const result = useQuery({
    queryKey: [ADMINISTRATION, path, query],
    queryFn: ({ signal }) => api.readList<Item>(path, query, signal),
    placeholderData: keepPreviousData,
    staleTime: 0,
  })
  return loadedFrom(result)
}

export function useUser(id: string): Loaded<api.Account> {
  const queryKey = [ADMINISTRATION, 'user', id]
  return loadedFrom(useQuery({ queryKey, queryFn: () => api.readUser(id), staleTime: 0 }))
}

export function useOverview(): Loaded<api.Overview> {
  const queryKey = [ADMINISTRATION, 'overview']
  return loadedFrom(useQuery({ queryKey, queryFn: api.readOverview, staleTime: 0 }))
}
