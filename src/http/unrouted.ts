// Answers what no route takes: as JSON, or with a page to people who typed the address.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { prefersHtml } from './accept.ts'
import { messagePage, protectPage, sendPage } from './pages.ts'
import type { App } from './server.ts'

/**
 * 405 with `Allow` for a path that is known with other methods, else 404.
 * Call it before any route is registered.
 */
export function answerUnrouted(app: App): void {
  const routes: { path: RegExp; methods: string[] }[] = []
  app.addHook('onRoute', ({ method, url }: { method: string | string[]; url: string }) => {
    routes.push({ path: new RegExp(`^${url.replace(/:\w+/g, '[^/]+')}/?$`), methods: [method].flat() })
  })
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?')
    const allowed = new Set(routes.filter((route) => route.path.test(path)).flatMap((route) => route.methods))
    if (allowed.size > 0) return refuseMethod(request, reply, [...allowed].sort().join(', '))
    if (path === '/v1' || path.startsWith('/v1/') || !['GET', 'HEAD'].includes(request.method)) return sayNothing(reply)
    reply.header('vary', 'Accept')
    if (!prefersHtml(request)) return sayNothing(reply)
    protectPage(reply)
    const sentences = ['There is nothing at this address. It may be mistyped, or out of date.']
    return sendPage(
      reply,
      404,
      messagePage('No such page', sentences, { href: '/profile', text: 'Go to your profile' }),
    )
  })
}

function sayNothing(reply: FastifyReply): FastifyReply {
  return reply.status(404).send({ error: 'There is nothing at this address. /openapi.json lists what there is.' })
}

function refuseMethod(request: FastifyRequest, reply: FastifyReply, allow: string): FastifyReply {
  return reply
    .status(405)
    .header('allow', allow)
    .send({ error: `${request.method} is not allowed here. Allowed: ${allow}.` })
}
