// Pages are for browsers that ask for this server by its own name: another name that leads here is somebody's trick (DNS rebinding).

import type { FastifyRequest } from 'fastify'
import { Failure } from '../failure.ts'
import { prefersHtml } from './html/accept.ts'
import { messagePage, protectPage, sendPage } from './html/layout.ts'
import type { App } from './server.ts'

/** Programs come by any name, with credentials of their own: no cookie counts there that a browser would send by itself. */
const ANY_HOST = /^\/(v1|scim|healthz|readyz|metrics)(\/|\?|$)/

const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** 421 for pages under an unknown host name; 400 for two `Host` or `Authorization` headers. Call it before any route is registered. */
export function checkHosts(app: App, publicUrl: string, serverNames: string[]): void {
  const known = new Set([new URL(publicUrl).hostname, ...serverNames])

  app.addHook('onRequest', async (request, reply) => {
    const repeated = ['host', 'authorization'].find((name) => countOf(request, name) > 1)
    // Whoever stands before us may have read the other one.
    if (repeated) throw new Failure('bad_request', `The header ${repeated} is there twice.`)
    const host = hostOf(request)
    if (ANY_HOST.test(request.url) || known.has(host) || LOOPBACK.test(host)) return
    const sentence = `This server has no pages under the name ${host || 'that was asked for'}. Its operator can add the name to SERVER_NAMES.`
    if (!prefersHtml(request)) throw new Failure('misdirected', sentence)
    protectPage(reply)
    return sendPage(
      publicUrl,
      reply,
      421,
      messagePage('Not under this name', [sentence], { href: publicUrl, text: publicUrl }),
    )
  })
}

function countOf({ raw }: FastifyRequest, name: string): number {
  return raw.rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length
}

/** As URLs spell it: lower case, without a port or the root's dot. Behind a trusted proxy the name that it was asked by. */
function hostOf(request: FastifyRequest): string {
  return (URL.parse(`http://${request.host}`)?.hostname ?? '').replace(/\.$/, '')
}
