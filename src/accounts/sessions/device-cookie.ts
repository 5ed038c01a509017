// The cookie of a browser that has signed in before, which outlives its session.

import type { FastifyReply, FastifyRequest } from 'fastify'
import { DEVICE_SECONDS } from './known-devices.ts'
import { cookieHeader, cookieName, readCookie } from './session-cookie.ts'

function deviceCookieName(publicUrl: string): string {
  return `${cookieName(publicUrl)}-device`
}

export function readDeviceCookie(publicUrl: string, request: FastifyRequest): string | undefined {
  const value = readCookie(request, deviceCookieName(publicUrl))
  return /^[A-Za-z0-9._-]{1,200}$/.test(value) ? value : undefined
}

export function setDeviceCookie(publicUrl: string, reply: FastifyReply, value: string): void {
  reply.header('set-cookie', cookieHeader(publicUrl, deviceCookieName(publicUrl), value, DEVICE_SECONDS))
}
