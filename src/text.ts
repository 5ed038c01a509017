// What is asked of text everywhere: is it one line that can be shown, is it the same as a secret, and lists as people write them.

import { createHash, timingSafeEqual } from 'node:crypto'

/** Control characters, halves of characters, line separators, and what turns the direction of the text around it. */
export const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u

/** Others' text as one line that can be shown in terminals and pages, of at most `most` characters. */
export function asOneLine(text: string, most: number): string {
  return [...text.replace(new RegExp(UNPRINTABLE, 'gu'), ' ')].slice(0, most).join('')
}

/** In a time that does not tell how much of a secret is right. */
export function equalInConstantTime(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}

/** "a, b or c". */
export function listOf(items: string[], conjunction: 'and' | 'or' | 'nor'): string {
  const [last = '', ...others] = items.toReversed()
  return others.length === 0 ? last : `${others.toReversed().join(', ')} ${conjunction} ${last}`
}
