// Answers requests that match no route: with JSON, or with a page for people who typed the address.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { publicPath } from '../public-path.ts'
import { prefersHtml } from './html/accept.ts'
import { messagePage, protectPage, sendPage } from './html/layout.ts'
import type { App } from './server.ts'

/**
 * 405 with `Allow` for a path that exists with other methods, else 404.
 * Call it before any route is registered.
 */
export function answerNotFound(app: App, publicUrl: string): void {
  const routes: { path: RegExp; methods: string[] }[] = []
  app.addHook('onRoute', ({ method, url }: { method: string | string[]; url: string }) => {
    routes.push({ path: new RegExp(`^${url.replace(/:\w+/g, '[^/]+')}/?$`), methods: [method].flat() })
  })
  app.setNotFoundHandler((request, reply) => {
    const [path = ''] = request.url.split('?')
    const list = publicPath(publicUrl, '/openapi.json')
    const allowed = new Set(routes.filter((route) => route.path.test(path)).flatMap((route) => route.methods))
    // A route of this method may find nothing itself: a file that was removed since the start.
    if (allowed.size > 0 && !allowed.has(request.method))
      return answerMethodNotAllowed(request, reply, [...allowed].sort().join(', '))
    const sayNothing = () =>
      reply.status(404).send({ error: `There is nothing at this address. ${list} lists what there is.` })
    // A page of another version asks for its own files, and must not take a page of ours for one.
    const isForProgram = path === '/v1' || /^\/(v1|assets)\//.test(path)
    if (isForProgram || !['GET', 'HEAD'].includes(request.method)) return sayNothing()
    reply.header('vary', 'Accept')
    if (!prefersHtml(request)) return sayNothing()
    protectPage(reply)
    const sentences = ['There is nothing at this address. It may be mistyped, or out of date.']
    const way = { href: publicPath(publicUrl, '/profile'), text: 'Go to your profile' }
    return sendPage(publicUrl, reply, 404, messagePage('No such page', sentences, way))
  })
}

function answerMethodNotAllowed(request: FastifyRequest, reply: FastifyReply, allow: string): FastifyReply {
  return reply
    .status(405)
    .header('allow', allow)
    .send({ error: `${request.method} is not allowed here. Allowed: ${allow}.` })
}
