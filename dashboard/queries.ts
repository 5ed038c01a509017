// What pages fetch, under which names it is remembered, and what a change makes stale.

import { keepPreviousData, QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import * as api from './api.ts'
import { loadedFrom } from './loaded.tsx'

export const queryClient = new QueryClient({
  // The server already tries again where that helps; a failure is shown at once, with a button to retry.
  defaultOptions: { queries: { retry: false, staleTime: 15_000 }, mutations: { retry: false } },
})

export function useSession() {
  const result = useQuery({ queryKey: ['session'], queryFn: api.readSession, staleTime: Number.POSITIVE_INFINITY })
  return loadedFrom(result)
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

export function useOrganizations(link: string | undefined) {
  const result = useQuery({
    queryKey: ['organizations', link],
    queryFn: ({ signal }) => (link === undefined ? [] : api.listOrganizations(link, signal)),
    enabled: link !== undefined,
    staleTime: 300_000,
  })
  return loadedFrom(result)
}

/** A write, after which the named lists are fetched again. */
export function useChange<Input, Output>(change: (input: Input) => Promise<Output>, stale: string[] = []) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: async () => {
      await Promise.all(stale.map((name) => client.invalidateQueries({ queryKey: [name] })))
    },
  })
}
