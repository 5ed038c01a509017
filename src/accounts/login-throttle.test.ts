// How many wrong credentials are too many, in which lane, and for how long.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Failure } from '../failure.ts'
import { createLoginThrottle, type LoginThrottle } from './login-throttle.ts'

let loginThrottle: LoginThrottle
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], now: 1_000_000 })
  loginThrottle = createLoginThrottle()
})
afterEach(() => {
  vi.useRealTimers()
})

const WRONG = async () => undefined
const RIGHT = async () => 'somebody'

/** How often it went well before the first refusal. */
function failuresOf(lane: string): number {
  for (let n = 0; n < 20; n++) {
    try {
      loginThrottle.failed(lane)
    } catch {
      return n
    }
  }
  return 20
}

describe('a credential that is cheap to check', () => {
  it('may be wrong ten times, and of the eleventh is said to wait a minute', () => {
    expect(failuresOf('tokens of 192.0.2.1')).toBe(10)
    const rejected = () => loginThrottle.failed('tokens of 192.0.2.1')
    expect(rejected).toThrow(Failure)
    expect(rejected).toThrow(
      expect.objectContaining({
        code: 'rate_limited',
        message: 'Too many wrong credentials. Wait a minute and try again.',
        details: { retryAfter: 60 },
      }),
    )
    expect(failuresOf('tokens of 192.0.2.2')).toBe(10)
  })

  it('counts each failure for a minute: the window slides', async () => {
    for (let n = 0; n < 5; n++) loginThrottle.failed('a')
    await vi.advanceTimersByTimeAsync(40_000)
    for (let n = 0; n < 5; n++) loginThrottle.failed('a')
    await vi.advanceTimersByTimeAsync(21_000)
    // With windows that begin anew, it would be ten.
    expect(failuresOf('a')).toBe(5)
  })
})

describe('a password', () => {
  async function fail(lane: string, times: number): Promise<void> {
    for (let n = 0; n < times; n++) await loginThrottle.guess([lane], WRONG).catch(() => undefined)
  }

  it('counts in each of its lanes when it is wrong, and in none when it is right', async () => {
    for (let n = 0; n < 20; n++) expect(await loginThrottle.guess(['address', 'account'], RIGHT)).toBe('somebody')
    for (let n = 0; n < 10; n++) expect(await loginThrottle.guess(['address', 'account'], WRONG)).toBeUndefined()
    const checked: string[] = []
    for (const lane of ['address', 'account', 'other']) {
      loginThrottle.guess([lane], async () => checked.push(lane)).catch(() => undefined)
    }
    await vi.advanceTimersByTimeAsync(900)
    expect(checked).toEqual(['other'])
    await vi.advanceTimersByTimeAsync(200)
    expect(checked).toEqual(['other', 'address', 'account'])
  })

  it('is checked once a second after ten wrong ones; 16 wait, and the others are refused unchecked', async () => {
    await fail('lane', 10)
    let checked = 0
    const outcomes: string[] = []
    for (let n = 0; n < 30; n++) {
      loginThrottle
        .guess(['lane'], async () => {
          checked += 1
          return undefined
        })
        .catch((error: Failure) => outcomes.push(error.code))
    }
    await vi.advanceTimersByTimeAsync(0)
    expect([checked, outcomes.length]).toEqual([0, 14])
    for (const second of [1, 2, 3, 16]) {
      await vi.advanceTimersByTimeAsync(second === 16 ? 13_100 : 1_010)
      expect(checked).toBe(second)
    }
    expect(outcomes).toEqual(new Array(30).fill('rate_limited'))
  })

  it('sent many times at once is not checked more often than ten times and once a second', async () => {
    let checked = 0
    const wrong = async () => {
      checked += 1
      await new Promise((resolve) => setTimeout(resolve, 20))
      return undefined
    }
    const all = Array.from({ length: 200 }, () => loginThrottle.guess(['lane'], wrong).catch(() => undefined))
    await vi.advanceTimersByTimeAsync(10)
    expect(checked).toBe(10)
    await vi.advanceTimersByTimeAsync(900)
    expect(checked).toBe(10)
    await vi.advanceTimersByTimeAsync(5_200)
    expect(checked).toBe(15)
    await vi.advanceTimersByTimeAsync(20_000)
    await Promise.all(all)
  })

  it('that is right goes on at once after others that were right at the same time', async () => {
    const right = () => loginThrottle.guess(['lane'], () => new Promise<string>((r) => setTimeout(() => r('yes'), 10)))
    const all = Promise.all(Array.from({ length: 26 }, right))
    await vi.advanceTimersByTimeAsync(40)
    expect(await all).toEqual(new Array(26).fill('yes'))
  })

  it('waits no longer than 20 s in all lanes', async () => {
    await fail('account', 10)
    for (let n = 0; n < 16; n++)
      loginThrottle.guess(['account'], () => new Promise(() => undefined)).catch(() => undefined)
    await vi.advanceTimersByTimeAsync(1_100)
    const late = loginThrottle.guess(['account'], RIGHT).catch((error: Failure) => error.code)
    await vi.advanceTimersByTimeAsync(20_100)
    expect(await late).toBe('rate_limited')
  })

  it('gives its place back when it cannot be checked', async () => {
    const broken = () => loginThrottle.guess(['lane'], () => Promise.reject(new Error('overloaded')))
    for (let n = 0; n < 30; n++) await expect(broken()).rejects.toThrow('overloaded')
    expect(await loginThrottle.guess(['lane'], RIGHT)).toBe('somebody')
  })
})
