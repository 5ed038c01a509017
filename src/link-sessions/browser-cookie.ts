// The cookie of the browser in which a link session began. It is sent to that session's pages and to the callback that it
// waits for, and says nothing of a session of the dashboard.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { cookieHeader, cookieName, readCookie } from '../accounts/sessions/session-cookie.ts'
import { publicPath } from '../public-path.ts'
import { hashOf, LINKING_SECONDS, type LinkSession, newSecret } from './link-sessions.ts'

/** The path of a link session's page. */
export function linkingPath(id: string): string {
  return `/link-sessions/${id}`
}

export interface LinkingCookie {
  /** Of the link session. */
  id: string
  value: string
}

export function newLinkingCookie(id: string): LinkingCookie {
  return { id, value: `${id}.${newSecret()}` }
}

/** A cookie for a part of our paths has another prefix than one for all. */
function nameOf(publicUrl: string): string {
  return `${cookieName(publicUrl, linkingPath(''))}-linking`
}

export function readLinkingCookie(publicUrl: string, request: FastifyRequest): LinkingCookie | undefined {
  const value = readCookie(request, nameOf(publicUrl))
  const [, id] = /^([0-9a-f-]{36})\.[A-Za-z0-9_-]{43}$/.exec(value) ?? []
  return id === undefined ? undefined : { id, value }
}

/** Whether the link session began in the browser that sends this cookie. */
export function isBrowserOf({ browserHash }: LinkSession, cookie: LinkingCookie): boolean {
  return browserHash === hashOf(cookie.value)
}

/** Sends the cookie to `path` and below. */
export function setLinkingCookie(publicUrl: string, reply: FastifyReply, path: string, { value }: LinkingCookie): void {
  const name = nameOf(publicUrl)
  const header = cookieHeader(publicUrl, name, value, LINKING_SECONDS, publicPath(publicUrl, path))
  reply.header('set-cookie', header)
}
