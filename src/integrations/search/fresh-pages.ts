// Keeps pages that platforms have just answered, so that asking the same again within seconds makes no call.

import { LRUCache } from 'lru-cache'
import type { Integration } from '../integrations.ts'
import { statusNow } from '../link-status.ts'
import { pauseOf } from '../tokens/lease.ts'

/** Of all pages in memory together. */
const MAX_PAGES = 2_000
const MAX_BYTES = 8 * 1024 * 1024
/** JavaScript's strings have up to two bytes a character. */
const BYTES_PER_CHARACTER = 2

/** What was asked of a link. */
export interface Question {
  /** The route's name. */
  kind: string
  /** What is searched for. */
  subject: unknown
  page: number
  perPage: number
}

export interface KeptPage {
  /** The answer's JSON. */
  text: string
  /** How long ago the platform answered. */
  ageSeconds: number
}

export interface FreshPages {
  /** The page, if it is younger than `maxAgeSeconds` and nothing speaks against the link's token. */
  find(link: Integration, question: Question, maxAgeSeconds: number): KeptPage | undefined
  keep(link: Integration, question: Question, text: string): void
  /** Call it when a call of the link has failed: what was answered before may not be so any more. */
  drop(linkId: string): void
}

/** Pages are kept for `seconds`; 0 keeps none. Bounded in entries and in bytes. `asked`: whether a page was found. */
export function createFreshPages(seconds: number, asked: (isHit: boolean) => void = () => undefined): FreshPages {
  const pages = new LRUCache<string, { text: string; keptAt: number }>({
    max: MAX_PAGES,
    maxSize: MAX_BYTES,
    sizeCalculation: ({ text }, key) => BYTES_PER_CHARACTER * (text.length + key.length),
  })

  function find(link: Integration, question: Question, maxAgeSeconds: number): KeptPage | undefined {
    if (!isTrusted(link)) return undefined
    const page = pages.get(keyOf(link, question))
    if (!page) return undefined
    const age = (performance.now() - page.keptAt) / 1000
    return age < Math.min(seconds, maxAgeSeconds) ? { text: page.text, ageSeconds: Math.floor(age) } : undefined
  }

  return {
    find(link, question, maxAgeSeconds) {
      const page = find(link, question, maxAgeSeconds)
      asked(page !== undefined)
      return page
    },
    keep(link, question, text) {
      if (seconds > 0) pages.set(keyOf(link, question), { text, keptAt: performance.now() })
    },
    drop(linkId) {
      for (const key of [...pages.keys()]) if (key.startsWith(linkId)) pages.delete(key)
    },
  }
}

/**
 * Starts with the link's id. The token's version is part of it, so a new token sees nothing of an older one's answers;
 * and the last change, which also other processes make when a call has shown something about the link.
 */
function keyOf({ id, ownerId, tokenVersion, updatedAt }: Integration, question: Question): string {
  const { kind, subject, page, perPage } = question
  return `${id} ${JSON.stringify([ownerId, tokenVersion, updatedAt, kind, page, perPage, subject])}`
}

/** Otherwise the call has to be made, or to fail: it may refresh the token, or show that the link works again. */
function isTrusted(link: Integration): boolean {
  const { tokenExpiresAt } = link
  const isLive = tokenExpiresAt === null || Date.parse(tokenExpiresAt) > Date.now()
  return isLive && ['ok', 'scope_missing'].includes(statusNow(link)) && !pauseOf(link)?.isTokenRejected
}

/**
 * The age that an answer must not have reached for a caller that sends this `Cache-Control`: `no-cache` and `max-age` of RFC 9111, 5.2.1.
 * What cannot be read says nothing.
 */
export function maxAgeFrom(cacheControl: string | undefined): number {
  let maxAge = Number.POSITIVE_INFINITY
  for (const directive of (cacheControl ?? '').toLowerCase().split(',')) {
    const [name = '', value = ''] = directive.split('=').map((part) => part.trim())
    if (name === 'no-cache') return 0
    if (name === 'max-age' && /^\d{1,10}$/.test(value)) maxAge = Math.min(maxAge, Number(value))
  }
  return maxAge
}
