// The session's cookie, and the check that a write with it comes from one of our pages.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { Failure } from '../../failure.ts'
import { basePath } from '../../public-path.ts'
import { asOneLine, equalInConstantTime } from '../../text.ts'
import { SESSION_SECONDS, type SessionOrigin } from './sessions.ts'

/** Browsers accept the two prefixed names only with Secure, and http on loopback is not secure. */
function isSecure(publicUrl: string): boolean {
  return publicUrl.startsWith('https:')
}

/**
 * Browsers accept `__Host-` only with the path /.
 * https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3
 */
function namePrefix(publicUrl: string, path: string): string {
  if (!isSecure(publicUrl)) return ''
  return path === '/' ? '__Host-' : '__Secure-'
}

function wholePath(publicUrl: string): string {
  return basePath(publicUrl) || '/'
}

/** All ports of a host share cookies, so a port other than the usual one becomes part of the name. */
export function cookieName(publicUrl: string, path = wholePath(publicUrl)): string {
  const port = new URL(publicUrl).port
  const own = port === (isSecure(publicUrl) ? '' : '4600') ? '' : `-${port || 80}`
  return `${namePrefix(publicUrl, path)}forgelink${own}`
}

/** The value of a cookie; `""` when there is none. */
export function readCookie(request: FastifyRequest, name: string): string {
  const found = (request.headers.cookie ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(`${name}=`))
  return found?.slice(name.length + 1) ?? ''
}

/** The value of the session's cookie, whether or not that session exists. */
export function readSessionCookie(publicUrl: string, request: FastifyRequest): string | undefined {
  const value = readCookie(request, cookieName(publicUrl))
  return /^[A-Za-z0-9_-]{43}$/.test(value) ? value : undefined
}

/** Where a session begins that was signed in to with a password. */
export function passwordOrigin({ ip, headers }: FastifyRequest): SessionOrigin {
  const userAgent = headers['user-agent'] ?? null
  return { beganBy: 'password', remoteIp: asOneLine(ip, 255), userAgent: userAgent && asOneLine(userAgent, 255) }
}

/** The header that sets a cookie; `value` null deletes it. Without a `path`, it is sent to all of ours. */
export function cookieHeader(
  publicUrl: string,
  name: string,
  value: string | null,
  seconds: number,
  path = wholePath(publicUrl),
): string {
  const attributes = [`Path=${path}`, 'HttpOnly', 'SameSite=Lax', ...(isSecure(publicUrl) ? ['Secure'] : [])]
  return [`${name}=${value ?? ''}`, ...attributes, `Max-Age=${value === null ? 0 : seconds}`].join('; ')
}

/** `value` null deletes the cookie. */
export function setSessionCookie(publicUrl: string, reply: FastifyReply, value: string | null): void {
  reply.header('set-cookie', cookieHeader(publicUrl, cookieName(publicUrl), value, SESSION_SECONDS))
}

/** Throws `csrf` for a request that none of our pages sent. `given` is the request's token, `wanted` the session's. */
export function checkCsrf(publicUrl: string, request: FastifyRequest, given: unknown, wanted: string): void {
  if (request.headers.origin !== new URL(publicUrl).origin) {
    throw new Failure('csrf', `This was not sent from a page at ${publicUrl}. Open it there and try again.`)
  }
  if (typeof given !== 'string' || !equalInConstantTime(given, wanted)) {
    throw new Failure('csrf', 'This page is no longer current: you signed in or out since. Load it again and repeat.')
  }
}
