// Rejects pages under an unknown host name, because an attacker can point a name at this server (DNS rebinding).

import type { FastifyRequest } from 'fastify'
import { Failure } from '../failure.ts'
import { prefersHtml } from './html/accept.ts'
import { messagePage, protectPage, sendPage } from './html/layout.ts'
import type { App } from './server.ts'

/**
 * Programs may use any name: they send their own credentials, and these routes accept no cookie that a browser adds.
 */
const ANY_HOST = /^\/(v1|scim|healthz|readyz|metrics)(\/|\?|$)/

const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** 421 for pages under an unknown host name; 400 for two `Host` or `Authorization` headers. Call it before any route is registered. */
export function checkHosts(app: App, publicUrl: string, serverNames: string[]): void {
  const known = new Set([new URL(publicUrl).hostname, ...serverNames])

  app.addHook('onRequest', async (request, reply) => {
    const repeated = ['host', 'authorization'].find((name) => countOf(request, name) > 1)
    // A proxy in front of us may have checked the other of the two.
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

/**
 * Written as in URLs: lower case, without port or final dot. Behind a trusted proxy it is the name sent to the proxy.
 */
function hostOf(request: FastifyRequest): string {
  return (URL.parse(`http://${request.host}`)?.hostname ?? '').replace(/\.$/, '')
}
