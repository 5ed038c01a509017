import { expect, test } from 'vitest'
import { clampWait, readRetryAfter } from './retry-after.ts'

const NOW = Date.UTC(2026, 0, 31, 12, 0, 0)

test.each<[string | undefined, number | null]>([
  [undefined, null],
  ['', null],
  ['30', 30],
  [' 30 ', 30],
  ['1.5', 2],
  ['0', 1],
  ['3600', 3600],
  ['99999999999999999999', 3600],
  ['-5', null],
  ['1e3', null],
  ['soon', null],
  ['30 seconds', null],
  ['1 minute', null],
  ['NaN', null],
  ['Sat, 31 Jan 2026 12:00:45 GMT', 45],
  ['Saturday, 31-Jan-26 12:00:45 GMT', 45],
  ['Sat Jan 31 12:00:45 2026 GMT', 45],
  ['Sat, 31 Jan 2026 11:00:00 GMT', 1],
  ['Sun, 31 Jan 2027 12:00:00 GMT', 3600],
  ['Sat, 99 Foo 2026', null],
])('Retry-After: %s', (header, seconds) => {
  expect(readRetryAfter(header, NOW)).toBe(seconds)
})

test.each<[number | undefined, number]>([
  [undefined, 60],
  [Number.NaN, 60],
  [-3, 1],
  [0.2, 1],
  [59.1, 60],
  [Number.POSITIVE_INFINITY, 3600],
])('a wait of %s', (seconds, clamped) => {
  expect(clampWait(seconds)).toBe(clamped)
})
