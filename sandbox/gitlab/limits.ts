// The request limit of gitlab.com: a number per minute for each user, shown in RateLimit headers.

import type { Reply } from '../http.ts'
import type { User, World } from '../state.ts'

export function gitlabLimit(
  world: World,
  user: User | null,
): { headers: Record<string, string>; failure?: Reply } | undefined {
  if (world.settings.rateLimits === null) return undefined
  const limit = world.settings.rateLimits.core
  const key = `${user?.id ?? 'anonymous'}:api`
  const found = world.spent.get(key)
  const window = found !== undefined && world.now() < found.since + 60_000 ? found : { since: world.now(), used: 0 }
  window.used++
  world.spent.set(key, window)
  const reset = Math.ceil((window.since + 60_000) / 1000)
  const headers = {
    'ratelimit-limit': String(limit),
    'ratelimit-name': user === null ? 'throttle_unauthenticated_api' : 'throttle_authenticated_api',
    'ratelimit-observed': String(window.used),
    'ratelimit-remaining': String(Math.max(0, limit - window.used)),
    'ratelimit-reset': String(reset),
  }
  if (window.used <= limit) return { headers }
  const wait = String(Math.max(1, reset - Math.floor(world.now() / 1000)))
  const rejected = {
    ...headers,
    'ratelimit-resettime': new Date(reset * 1000).toUTCString(),
    'retry-after': wait,
    'content-type': 'text/plain',
  }
  return { headers, failure: { status: 429, headers: rejected, body: 'Retry later\n' } }
}
