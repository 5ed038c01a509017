// Compares secrets, in a time that does not tell how much of them is right.

import { createHash, timingSafeEqual } from 'node:crypto'

export function equalInConstantTime(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
