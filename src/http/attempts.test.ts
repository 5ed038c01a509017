// How many wrong credentials are too many, whose, and for how long.

import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Failure } from '../failure.ts'
import { type Attempts, createAttempts } from './attempts.ts'

// At zero the cache takes an entry for one that stays.
let time = 1
let attempts: Attempts
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  vi.spyOn(performance, 'now').mockImplementation(() => time)
  attempts = createAttempts()
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

/** The cache of the counts remembers the time for a millisecond, by a timer. */
function pass(seconds: number): void {
  time += seconds * 1000
  vi.advanceTimersByTime(1000)
}

const WRONG = async () => undefined
const RIGHT = async () => 'somebody'

/** How often it went well before the first refusal. */
function failuresOf(...names: string[]): number {
  for (let n = 0; n < 20; n++) {
    try {
      attempts.failed(...names)
    } catch {
      return n
    }
  }
  return 20
}

it('lets ten failures pass and says of the eleventh to wait a minute', () => {
  expect(failuresOf('address 192.0.2.1')).toBe(10)
  const refused = () => attempts.failed('address 192.0.2.1')
  expect(refused).toThrow(Failure)
  expect(refused).toThrow(
    expect.objectContaining({
      code: 'rate_limited',
      message: 'Too many wrong credentials. Wait a minute and try again.',
      details: { retryAfter: 60 },
    }),
  )
})

it('counts each name by itself, and one that had too many is enough', () => {
  failuresOf('address 192.0.2.1')
  expect(failuresOf('address 192.0.2.2')).toBe(10)
  expect(failuresOf('account alice', 'address 192.0.2.1')).toBe(0)
  expect(failuresOf('address 192.0.2.1', 'account bob')).toBe(0)
  expect(failuresOf('account alice')).toBe(9)
})

it('counts anew a minute after the first failure, however many came since', () => {
  attempts.failed('account alice')
  pass(40)
  expect(failuresOf('account alice')).toBe(9)
  pass(19)
  expect(failuresOf('account alice')).toBe(0)
  pass(2)
  expect(failuresOf('account alice')).toBe(10)
})

it('counts a guess for its address and its account, and one that was right for neither', async () => {
  for (let n = 0; n < 10; n++) expect(await attempts.guess('192.0.2.1', 'alice', RIGHT)).toBe('somebody')
  for (let n = 0; n < 10; n++) expect(await attempts.guess('192.0.2.1', 'alice', WRONG)).toBeUndefined()
  await expect(attempts.guess('192.0.2.2', 'alice', WRONG)).rejects.toThrow('Too many')
  await expect(attempts.guess('192.0.2.1', 'bob', WRONG)).rejects.toThrow('Too many')
  expect(await attempts.guess('192.0.2.2', 'bob', WRONG)).toBeUndefined()
  expect(failuresOf('address 192.0.2.2')).toBe(8)
})

it('after ten wrong ones checks one guess at a time, each after a second, and the others not at all', async () => {
  for (let n = 0; n < 10; n++) await attempts.guess('192.0.2.1', 'alice', WRONG)
  // The pause is the system's own.
  vi.useRealTimers()
  let checked = 0
  const guess = () => attempts.guess('192.0.2.1', 'alice', async () => `guess ${++checked}`)
  for (const found of ['guess 1', 'guess 2']) {
    const began = Date.now()
    const [first, ...others] = await Promise.allSettled([guess(), guess(), guess()])
    expect(first).toEqual({ status: 'fulfilled', value: found })
    expect(others.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(Date.now() - began).toBeGreaterThanOrEqual(990)
  }
  expect(checked).toBe(2)
})
