import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Integration } from '../integrations.ts'
import { createFreshPages, maxAgeFrom, type Question } from './fresh-pages.ts'

const ANY_AGE = Number.POSITIVE_INFINITY

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }))
afterEach(() => vi.useRealTimers())

function linkOf(columns: Partial<Integration> = {}): Integration {
  const id = '7c9e6679-7425-40de-944b-e07fc1f90ae7'
  const columnsOfUse = { id, ownerId: 'o', tokenVersion: 1, updatedAt: 'u', status: 'ok', tokenExpiresAt: null }
  return { ...columnsOfUse, refreshToken: null, refreshLease: null, ...columns } as Integration
}

function question(page = 1): Question {
  return { kind: 'search_repos', subject: { words: ['a'] }, page, perPage: 20 }
}

test('a page is kept for so many seconds, and finding it does not make that longer', () => {
  const pages = createFreshPages(30)
  pages.keep(linkOf(), question(), 'text')
  vi.advanceTimersByTime(29_900)
  expect(pages.find(linkOf(), question(), ANY_AGE)).toEqual({ text: 'text', ageSeconds: 29 })
  expect(pages.find(linkOf(), question(), 29)).toBeUndefined()
  vi.advanceTimersByTime(200)
  expect(pages.find(linkOf(), question(), ANY_AGE)).toBeUndefined()
})

test.each<[string, Partial<Integration>]>([
  ['another link', { id: '7c9e6679-7425-40de-944b-e07fc1f90ae8' }],
  ['another owner', { ownerId: 'p' }],
  ['another token', { tokenVersion: 2 }],
  ['a link that has changed since', { updatedAt: 'v' }],
  ['a link whose token was rejected', { status: 'token_rejected' }],
  ['a link that the platform refuses', { status: 'forbidden' }],
  ['a token that has ended', { tokenExpiresAt: '2020-01-01T00:00:00.000Z', refreshToken: 'x' as never }],
  [
    'a rejected token that cannot be refreshed just now',
    { refreshLease: `${new Date(Date.now() + 60_000).toISOString()} scm_unavailable/1/refused` },
  ],
])('%s sees nothing of it', (_name, columns) => {
  const pages = createFreshPages(30)
  pages.keep(linkOf(), question(), 'text')
  expect(pages.find(linkOf(columns), question(), ANY_AGE)).toBeUndefined()
  expect(pages.find(linkOf(), question(), ANY_AGE)).toBeDefined()
})

test('the pages of one link are dropped together', () => {
  const pages = createFreshPages(30)
  const other = linkOf({ id: '7c9e6679-7425-40de-944b-e07fc1f90ae8' })
  for (const link of [linkOf(), other]) for (const page of [1, 2]) pages.keep(link, question(page), 'text')
  pages.drop(linkOf().id)
  const found = [linkOf(), other].map((link) => [1, 2].map((page) => pages.find(link, question(page), ANY_AGE)?.text))
  expect(found).toEqual([
    [undefined, undefined],
    ['text', 'text'],
  ])
})

test.each([
  ['entries', 2_001, 'short'],
  // Two bytes a character.
  ['bytes', 9, 'x'.repeat(512 * 1024)],
])('the oldest page goes when there are too many %s', (_name, count, text) => {
  const pages = createFreshPages(30)
  for (let page = 1; page <= count; page++) pages.keep(linkOf(), question(page), text)
  expect(pages.find(linkOf(), question(1), ANY_AGE)).toBeUndefined()
  expect(pages.find(linkOf(), question(count), ANY_AGE)).toBeDefined()
})

test('with 0 seconds nothing is kept', () => {
  const pages = createFreshPages(0)
  pages.keep(linkOf(), question(), 'text')
  expect(pages.find(linkOf(), question(), ANY_AGE)).toBeUndefined()
})

test.each([
  [undefined, ANY_AGE],
  ['', ANY_AGE],
  ['no-cache', 0],
  ['No-Cache', 0],
  ['max-age=10, no-cache', 0],
  ['max-age=0', 0],
  ['max-age=10', 10],
  ['max-age = 10', 10],
  ['max-age=10, max-age=5', 5],
  ['max-age=-1', ANY_AGE],
  ['max-age', ANY_AGE],
  ['no-cachet', ANY_AGE],
])('Cache-Control %o asks for answers younger than %d s', (header, seconds) => {
  expect(maxAgeFrom(header)).toBe(seconds)
})
