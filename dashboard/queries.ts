// What pages fetch, the cache keys for it, and which entries a change makes outdated.

import {
  keepPreviousData,
  MutationCache,
  QueryCache,
  QueryClient,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query'
import { useRef } from 'react'
import * as api from './api.ts'
import { asFailure } from './failure.ts'
import { type Loaded, loadedFrom } from './loaded.tsx'

/** The entries with links' status, which are outdated after a rejected token. */
const OF_LINKS = ['integrations', 'health']

/** Who is an administrator no more gets the pages of a member: the session tells the role. */
async function noteRole(error: unknown): Promise<void> {
  if (asFailure(error).code === 'admin_required') await queryClient.invalidateQueries({ queryKey: ['session'] })
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: noteRole }),
  mutationCache: new MutationCache({ onError: noteRole }),
  // The server already tries again where that helps; a failure is shown at once, with a button to retry.
  defaultOptions: { queries: { retry: false, staleTime: 15_000 }, mutations: { retry: false } },
})

/** Fetched again whenever the user returns to the tab, since another user may have signed in meanwhile. */
export function useSession(): Loaded<api.Session> {
  const result = useQuery({
    queryKey: ['session'],
    queryFn: api.readSession,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: 'always',
  })
  // When fetching again fails, the page stays as it is, so that nothing the user is doing gets lost.
  return result.data ? { state: 'loaded', value: result.data, busy: result.isFetching } : loadedFrom(result)
}

export function useIntegrations() {
  return loadedFrom(useQuery({ queryKey: ['integrations'], queryFn: api.listIntegrations }))
}

export interface LinkHealth {
  health: Loaded<api.Health>
  /** Asks the platform, and not only the server, which keeps an answer for a minute. */
  checkAgain: () => void
}

export function useHealth({ id, updated_at }: api.Integration): LinkHealth {
  const client = useQueryClient()
  const anew = useRef(false)
  const result = useQuery({
    queryKey: ['health', id, updated_at],
    queryFn: () => api.readHealth(id, { anew: anew.current }),
    staleTime: 60_000,
  })

  async function checkAgain() {
    if (result.isFetching) return
    anew.current = true
    await result.refetch()
    anew.current = false
    // The check itself may have changed the link.
    await refetch(client, ['integrations'])
  }
  return { health: loadedFrom(result), checkAgain }
}

export function useKeys() {
  return loadedFrom(useQuery({ queryKey: ['keys'], queryFn: api.listKeys }))
}

export function useTokens() {
  return loadedFrom(useQuery({ queryKey: ['tokens'], queryFn: api.listTokens }))
}

export function useOwnSessions() {
  return loadedFrom(useQuery({ queryKey: ['own-sessions'], queryFn: api.listOwnSessions }))
}

export function useIdentities() {
  return loadedFrom(useQuery({ queryKey: ['identities'], queryFn: api.listIdentities }))
}

/** Any action in the dashboard may add events. The old page stays visible until the new one is loaded. */
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

/** Waits for a call through a link. If the link's token was rejected, the links are fetched again. */
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
  /** The cache keys that are fetched again. */
  stale?: string[]
  /** Runs when they are there, even if what asked for the change is gone with it. */
  done?: (output: Output, input: Input) => void
}

/** A write. While it runs, a second one is ignored, because a form may be sent twice before it looks busy. */
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

/** What a dialog or form needs to know about a write. */
export interface Change {
  isPending: boolean
  isSuccess: boolean
  error: Error | null
  reset: () => void
}
