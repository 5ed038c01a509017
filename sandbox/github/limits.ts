// GitHub's primary rate limits: a core and a search bucket for each user, shown in headers.

import { json, type Reply } from '../http.ts'
import type { World } from '../state.ts'
import type { Viewer } from './access.ts'

export type Bucket = 'core' | 'search'

const windows: Record<Bucket, number> = { core: 3_600_000, search: 60_000 }
const anonymousLimits: Record<Bucket, number> = { core: 60, search: 10 }

export interface Limit {
  bucket: Bucket
  limit: number
  used: number
  remaining: number
  reset: number
}

/** The state of the caller's bucket; undefined when limits are switched off, as on GHES. */
export function limitOf(world: World, viewer: Viewer, bucket: Bucket): Limit | undefined {
  if (world.settings.rateLimits === null) return undefined
  const limit = viewer.token === null ? anonymousLimits[bucket] : world.settings.rateLimits[bucket]
  const window = windowOf(world, viewer, bucket)
  const used = Math.min(limit, window.used)
  return { bucket, limit, used, remaining: limit - used, reset: Math.ceil((window.since + windows[bucket]) / 1000) }
}

export function spend(world: World, viewer: Viewer, bucket: Bucket): void {
  windowOf(world, viewer, bucket).used++
}

function windowOf(world: World, viewer: Viewer, bucket: Bucket) {
  const key = `${viewer.user?.id ?? viewer.token?.value ?? 'anonymous'}:${bucket}`
  const found = world.spent.get(key)
  if (found !== undefined && world.now() < found.since + windows[bucket]) return found
  const fresh = { since: world.now(), used: 0 }
  world.spent.set(key, fresh)
  return fresh
}

export function limitHeaders(limit: Limit | undefined): Record<string, string> {
  if (limit === undefined) return {}
  return {
    'x-ratelimit-limit': String(limit.limit),
    'x-ratelimit-remaining': String(limit.remaining),
    'x-ratelimit-used': String(limit.used),
    'x-ratelimit-reset': String(limit.reset),
    'x-ratelimit-resource': limit.bucket,
  }
}

export function limitExceeded(viewer: Viewer): Reply {
  const who = viewer.user === null ? '127.0.0.1' : `user ID ${viewer.user.id}`
  return json(403, {
    message: `API rate limit exceeded for ${who}.`,
    documentation_url: 'https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api',
    status: '403',
  })
}

export function rateLimitBody(world: World, viewer: Viewer): object {
  const tell = (bucket: Bucket) => {
    const found = limitOf(world, viewer, bucket)
    return { limit: found?.limit, used: found?.used, remaining: found?.remaining, reset: found?.reset }
  }
  const core = tell('core')
  const graphql = { ...core, used: 0, remaining: core.limit }
  return { resources: { core, search: tell('search'), graphql }, rate: core }
}
