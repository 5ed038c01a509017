// Text helpers: one printable line, comparison with a secret, and lists as people write them.

import { createHash, timingSafeEqual } from 'node:crypto'

/** Control characters, lone surrogates, line separators, and characters that change the direction of text. */
export const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u

const ALL_UNPRINTABLE = new RegExp(UNPRINTABLE, 'gu')

/** Text from outside as one line of at most `most` characters that is safe to show in terminals and pages. */
export function asOneLine(text: string, most: number): string {
  const line = text.replace(ALL_UNPRINTABLE, ' ')
  return line.length <= most ? line : [...line].slice(0, most).join('')
}

/** Takes the same time however much of the secret is right. */
export function equalInConstantTime(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}

/** "a, b or c". */
export function listOf(items: string[], conjunction: 'and' | 'or' | 'nor'): string {
  const [last = '', ...others] = items.toReversed()
  return others.length === 0 ? last : `${others.toReversed().join(', ')} ${conjunction} ${last}`
}
