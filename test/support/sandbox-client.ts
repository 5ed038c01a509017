// How the sandbox's own tests speak to it: plain HTTP, nothing followed, nothing hidden.

import { request } from 'node:http'
import type { SandboxPlatform } from '../../sandbox/sandbox.ts'

export interface Answer {
  status: number
  headers: Headers
  text: string
  /** undefined when it is not JSON. */
  body: unknown
}

export type Fields = Record<string, unknown>

export interface Asking {
  token?: string
  headers?: Record<string, string>
  method?: string
  form?: Record<string, string>
  json?: unknown
}

/** `path` is below the API root unless it is a whole address. */
export async function ask(platform: SandboxPlatform, path: string, asking: Asking = {}): Promise<Answer> {
  const { token, headers = {}, form, json } = asking
  const sent: Record<string, string> = { ...headers }
  if (token !== undefined) sent.authorization = `Bearer ${token}`
  if (json !== undefined) sent['content-type'] = 'application/json'
  const body = json === undefined ? (form === undefined ? null : new URLSearchParams(form)) : JSON.stringify(json)
  const method = asking.method ?? (body === null ? 'GET' : 'POST')
  const address = path.startsWith('http') ? path : `${platform.apiUrl}${path}`
  const response = await fetch(address, { method, headers: sent, body, redirect: 'manual' })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: parse(text) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The address of a rel in a Link header. */
export function linkTo(answer: Answer, rel: string): string | undefined {
  const links = (answer.headers.get('link') ?? '').split(', ')
  return links.find((link) => link.endsWith(`rel="${rel}"`))?.match(/<(.*)>/)?.[1]
}

/** The body as an object. */
export function fieldsOf(answer: Answer): Fields {
  return asFields(answer.body)
}

/** The body as a list of objects; of a search, its items. */
export function rowsOf(answer: Answer): Fields[] {
  const list = Array.isArray(answer.body) ? answer.body : fieldsOf(answer).items
  if (!Array.isArray(list)) throw new Error(`this is no list: ${answer.status} ${answer.text.slice(0, 200)}`)
  return list.map(asFields)
}

/** One field of every row. */
export function column(answer: Answer, name: string): unknown[] {
  return rowsOf(answer).map((row) => row[name])
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

export interface Raw {
  status: number | undefined
  headers: Record<string, string | string[] | undefined>
  body: Buffer
  /** How it ended: `end`, or the error's code, or `patience` when ours was over. */
  end: string
}

/** What the API sends alice, unread and undecoded: what arrives within `patience` milliseconds or `enough` bytes. */
export function raw(
  platform: SandboxPlatform,
  path: string,
  patience = 1_000,
  enough = Number.POSITIVE_INFINITY,
): Promise<Raw> {
  return new Promise((resolve) => {
    const got: Raw = { status: undefined, headers: {}, body: Buffer.alloc(0), end: '' }
    const headers = {
      authorization: `Bearer ${platform.token('alice')}`,
      'user-agent': 'test',
      'accept-encoding': 'identity',
    }
    const call = request(`${platform.apiUrl}${path}`, { headers, agent: false })
    const finish = (end: string) => {
      got.end ||= end
      call.destroy()
      resolve(got)
    }
    call.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'))
    call.on('response', (response) => {
      got.status = response.statusCode
      got.headers = response.headers
      response.on('data', (chunk: Buffer) => {
        got.body = Buffer.concat([got.body, chunk])
        if (got.body.length >= enough) finish('enough')
      })
      response.on('end', () => finish('end'))
      response.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? 'error'))
    })
    setTimeout(() => finish('patience'), patience).unref()
    call.end()
  })
}
