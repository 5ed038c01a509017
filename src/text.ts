// Text of others that is shown or compared: one line of it, names, and secrets in constant time.

import { createHash, timingSafeEqual } from 'node:crypto'

export function equalInConstantTime(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}

/** Control characters, halves of characters, line separators, and what turns the direction of the text around it. */
export const UNPRINTABLE = /[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u

/** Names are shown in terminals and pages: one line of text that is not blank. */
export function nameProblem(name: string): string | undefined {
  if (name.trim() === '') return 'must not be blank'
  return UNPRINTABLE.test(name) ? 'must not contain control characters' : undefined
}

/** Others' text as one such line, of at most `maxLength` characters. */
export function asOneLine(text: string, maxLength: number): string {
  return [...text.replace(new RegExp(UNPRINTABLE, 'gu'), ' ')].slice(0, maxLength).join('')
}
