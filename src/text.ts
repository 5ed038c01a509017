// Text: secrets compared in a time that does not tell how much of them is right, and lists as people write them.

import { createHash, timingSafeEqual } from 'node:crypto'

export function equalInConstantTime(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}

/** "a, b or c". */
export function listOf(items: string[], conjunction: 'and' | 'or' | 'nor'): string {
  const [last = '', ...others] = items.toReversed()
  return others.length === 0 ? last : `${others.toReversed().join(', ')} ${conjunction} ${last}`
}
