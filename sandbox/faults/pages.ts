// Faults of lists: no headers about further pages, pages that are too large or missing.

import { randomBytes } from 'node:crypto'
import type { Fault } from './exchange.ts'

export const pageFaults = {
  /** Like behind a proxy that drops `Link`. */
  'no-link': without('link'),
  'no-paging-headers': without(
    'link',
    'x-next-page',
    'x-prev-page',
    'x-page',
    'x-per-page',
    'x-total',
    'x-total-pages',
  ),
  /** A GHES answered 404 to lists with more than 50 items a page: https://github.com/renovatebot/renovate/issues/43750 */
  'page-over-50-is-404': (exchange) => {
    const { call, send, usual, site } = exchange
    if (Number(call.query.get('per_page') ?? 0) <= 50) return send(usual())
    send(site.vendor.errors.repositoryNotFound())
  },
  /** Every item gets a long text of `value` KiB (default 100) that compresses badly. */
  'long-texts': (exchange) => {
    const reply = exchange.usual()
    // A 304 has no body.
    const value: unknown = reply.status === 200 ? JSON.parse(reply.body.toString()) : null
    const text = randomBytes(Number(exchange.rule.value ?? 100) * 512).toString('hex')
    const longer = (item: unknown) => (typeof item === 'object' && item !== null ? { ...item, long: text } : item)
    exchange.send({ ...reply, body: Array.isArray(value) ? JSON.stringify(value.map(longer)) : reply.body })
  },
} satisfies Record<string, Fault>

function without(...names: string[]): Fault {
  return (exchange) => {
    const reply = exchange.usual()
    const headers = Object.fromEntries(Object.entries(reply.headers).filter(([name]) => !names.includes(name)))
    exchange.send({ ...reply, headers })
  }
}
