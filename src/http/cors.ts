// Lets pages of origins that the operator allows call the API, with a bearer token and never with cookies.

import type { App } from './server.ts'

const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE'
const READABLE = 'Retry-After, X-Request-Id, WWW-Authenticate, Allow, Age'
/** For how many seconds browsers keep the answer to a preflight. */
const MAX_AGE = '600'

/**
 * Only below `/v1`, since other sites need neither metrics nor our pages.
 * https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function allowOrigins(app: App, origins: string[]): void {
  if (origins.length === 0) return
  app.addHook('onRequest', async (request, reply) => {
    const { origin, 'access-control-request-headers': wanted } = request.headers
    if (!request.url.startsWith('/v1/')) return
    reply.header('vary', 'Origin')
    if (!origin || !origins.includes(origin)) return
    reply.header('access-control-allow-origin', origin)
    reply.header('access-control-expose-headers', READABLE)
    if (request.method !== 'OPTIONS' || !('access-control-request-method' in request.headers)) return
    reply.header('access-control-allow-methods', METHODS)
    reply.header('access-control-max-age', MAX_AGE)
    if (wanted) reply.header('access-control-allow-headers', wanted)
    return reply.status(204).send()
  })
}
