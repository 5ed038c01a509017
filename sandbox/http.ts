// What goes in and out of the simulated platforms: a call, a reply, and the table of routes between them.

import type { IncomingHttpHeaders } from 'node:http'

export interface Call {
  method: string
  /** As it arrived, still percent-encoded. */
  path: string
  query: URLSearchParams
  headers: IncomingHttpHeaders
  body: string
}

export interface Reply {
  status: number
  headers: Record<string, string>
  body: string | Buffer
}

export type Params = Record<string, string>

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(value),
  }
}

export function html(status: number, title: string, body: string): Reply {
  const page = `<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title></head>
<body style="font-family: sans-serif; max-width: 40em; margin: 3em auto"><h1>${escapeHtml(title)}</h1>\n${body}\n</body></html>\n`
  return { status, headers: { 'content-type': 'text/html; charset=utf-8' }, body: page }
}

export function redirect(location: string, status = 302): Reply {
  return { status, headers: { location, 'content-type': 'text/html; charset=utf-8' }, body: '' }
}

export function nothing(status: number, headers: Record<string, string> = {}): Reply {
  return { status, headers, body: '' }
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

export function header(call: Call, name: string): string | undefined {
  const value = call.headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** A form or JSON body as text fields; values that are not strings are left out. */
export function fields(call: Call): URLSearchParams {
  if (!(header(call, 'content-type') ?? '').includes('json')) return new URLSearchParams(call.body)
  const found = new URLSearchParams()
  for (const [name, value] of Object.entries(objectFrom(call.body))) {
    if (typeof value === 'string') found.set(name, value)
  }
  return found
}

export function objectFrom(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

/** The credentials of a Basic header, or undefined. */
export function basicCredentials(call: Call): { user: string; password: string } | undefined {
  const [scheme, value] = (header(call, 'authorization') ?? '').split(' ')
  if (scheme?.toLowerCase() !== 'basic' || value === undefined) return undefined
  const text = Buffer.from(value, 'base64').toString()
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

/**
 * Finds the route for a raw path. `:name` is one segment (`%2F` stays inside it); a final `*rest` is the remaining
 * path.
 */
export function matchRoute<Route extends { method: string; pattern: string }>(
  routes: Route[],
  method: string,
  path: string,
): { route: Route; params: Params } | undefined {
  for (const route of routes) {
    if (route.method !== method) continue
    const params = matchPattern(route.pattern.split('/'), path.split('/'))
    if (params !== undefined) return { route, params }
  }
  return undefined
}

function matchPattern(pattern: string[], segments: string[]): Params | undefined {
  const params: Params = {}
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index]
    if (segment === undefined || segment === '') return undefined
    if (part.startsWith('*')) {
      params[part.slice(1)] = decode(segments.slice(index).join('/'))
      return params
    }
    if (part.startsWith(':')) params[part.slice(1)] = decode(segment)
    else if (part !== segment) return undefined
  }
  return segments.length === pattern.length ? params : undefined
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
