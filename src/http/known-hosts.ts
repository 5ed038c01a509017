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

  app.addHook('onRequest', (request, reply, done) => {
    const repeated = repeatedHeader(request.raw.rawHeaders)
    // A proxy in front of us may have checked the other of the two.
    if (repeated) throw new Failure('bad_request', `The header ${repeated} is there twice.`)
    if (ANY_HOST.test(request.url)) return done()
    const host = hostOf(request)
    if (known.has(host) || LOOPBACK.test(host)) return done()
    const sentence = `This server has no pages under the name ${host || 'that was asked for'}. Its operator can add the name to SERVER_NAMES.`
    if (!prefersHtml(request)) throw new Failure('misdirected', sentence)
    protectPage(reply)
    sendPage(
      publicUrl,
      reply,
      421,
      messagePage('Not under this name', [sentence], { href: publicUrl, text: publicUrl }),
    )
  })
}

const SINGLE_HEADERS = ['host', 'authorization']

/** `headers`: names and values in turn. */
function repeatedHeader(headers: string[]): string | undefined {
  return SINGLE_HEADERS.find((name) => {
    let count = 0
    for (let index = 0; index < headers.length; index += 2) {
      const given = headers[index]
      if (given?.length === name.length && given.toLowerCase() === name) count += 1
    }
    return count > 1
  })
}

/**
 * Written as in URLs: lower case, without port or final dot. Behind a trusted proxy it is the name sent to the proxy.
 */
function hostOf(request: FastifyRequest): string {
  return (URL.parse(`http://${request.host}`)?.hostname ?? '').replace(/\.$/, '')
}
