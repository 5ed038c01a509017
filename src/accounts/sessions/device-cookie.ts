// The cookie of a browser that has signed in before, which outlives its session.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Config } from '../../config.ts'
import { DEVICE_SECONDS } from './known-devices.ts'
import { cookieHeader, cookieName, readCookie } from './session-cookie.ts'

function deviceCookieName(config: Config): string {
  return `${cookieName(config)}-device`
}

export function readDeviceCookie(config: Config, request: FastifyRequest): string | undefined {
  const value = readCookie(request, deviceCookieName(config))
  return /^[A-Za-z0-9._-]{1,200}$/.test(value) ? value : undefined
}

export function setDeviceCookie(config: Config, reply: FastifyReply, value: string): void {
  reply.header('set-cookie', cookieHeader(config, deviceCookieName(config), value, DEVICE_SECONDS))
}
