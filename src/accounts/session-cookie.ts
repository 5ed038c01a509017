// The session's cookie, and the check that a write with it comes from a page of ours.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import { Failure } from '../failure.ts'
import { basePath } from '../http/public-path.ts'
import { isSameText } from '../http/same-text.ts'
import { SESSION_SECONDS } from './sessions.ts'

/** Browsers take the two names with a prefix only with Secure, and http on loopback is not secure. */
function isSecure({ publicUrl }: Config): boolean {
  return publicUrl.startsWith('https:')
}

/** Browsers take `__Host-` with the path / alone. https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3 */
function namePrefix(config: Config): string {
  if (!isSecure(config)) return ''
  return basePath(config) === '' ? '__Host-' : '__Secure-'
}

function cookieName(config: Config): string {
  return `${namePrefix(config)}forgelink`
}

/** The value of the session's cookie, whether or not there is a session of it. */
export function readSessionCookie(config: Config, request: FastifyRequest): string | undefined {
  const name = cookieName(config)
  const found = (request.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
  const value = found?.slice(name.length + 1) ?? ''
  return /^[A-Za-z0-9_-]{43}$/.test(value) ? value : undefined
}

/** `value` null takes the cookie away. */
export function setSessionCookie(config: Config, reply: FastifyReply, value: string | null): void {
  const attributes = [
    `Path=${basePath(config) || '/'}`,
    'HttpOnly',
    'SameSite=Lax',
    ...(isSecure(config) ? ['Secure'] : []),
  ]
  const pair = `${cookieName(config)}=${value ?? ''}`
  reply.header('set-cookie', [pair, ...attributes, `Max-Age=${value === null ? 0 : SESSION_SECONDS}`].join('; '))
}

/** Throws `csrf` for a request that no page of ours has sent: `given` is its token, `wanted` the session's. */
export function checkCsrf(config: Config, request: FastifyRequest, given: unknown, wanted: string): void {
  if (request.headers.origin !== new URL(config.publicUrl).origin) {
    throw new Failure('csrf', `This was not sent from a page at ${config.publicUrl}. Open it there and try again.`)
  }
  if (typeof given !== 'string' || !isSameText(given, wanted)) {
    throw new Failure('csrf', 'This page is no longer current: you signed in or out since. Load it again and repeat.')
  }
}
