import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createRateLimit } from './rate-limit.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'], now: 1_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

function sent(limitRate: (account: string) => void, times: number): number {
  let passed = 0
  for (let n = 0; n < times; n++) {
    try {
      limitRate('alice')
      passed += 1
    } catch {}
  }
  return passed
}

it('lets so many pass in any minute, wherever it begins', () => {
  const limitRate = createRateLimit(100)
  vi.advanceTimersByTime(500)
  expect(sent(limitRate, 40)).toBe(40)
  vi.advanceTimersByTime(50_000)
  expect(sent(limitRate, 80)).toBe(60)
  // With windows that begin anew a minute after the first, it would be a hundred.
  vi.advanceTimersByTime(11_000)
  expect(sent(limitRate, 100)).toBe(40)
  vi.advanceTimersByTime(48_000)
  expect(sent(limitRate, 100)).toBe(0)
  vi.advanceTimersByTime(2_000)
  expect(sent(limitRate, 100)).toBe(60)
  vi.advanceTimersByTime(3_600_000)
  expect(sent(limitRate, 200)).toBe(100)
})

it('says when the next may be sent, and counts accounts apart', () => {
  const limitRate = createRateLimit(2)
  limitRate('alice')
  vi.advanceTimersByTime(20_000)
  limitRate('alice')
  vi.advanceTimersByTime(10_000)
  expect(() => limitRate('alice')).toThrow(
    expect.objectContaining({ code: 'rate_limited', details: { retryAfter: 30 } }),
  )
  expect(() => limitRate('bob')).not.toThrow()
})

it('has no limit with 0', () => {
  expect(sent(createRateLimit(0), 5_000)).toBe(5_000)
})
