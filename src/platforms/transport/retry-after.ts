// Reads `Retry-After` and limits it: a platform can make us wait, but not for ever.

const MAX_WAIT_SECONDS = 3600

/** Whole seconds from 1 to 3,600; `fallback` when there is no number. */
export function clampWait(seconds: number | undefined, fallback = 60): number {
  if (seconds === undefined || Number.isNaN(seconds)) return clampWait(fallback, 60)
  return Math.min(MAX_WAIT_SECONDS, Math.max(1, Math.ceil(seconds)))
}

/**
 * Seconds from 1 to 3,600 that a `Retry-After` header asks for, written as seconds or as an HTTP date.
 * null when there is no header, or it is neither.
 */
export function readRetryAfter(header: string | undefined, now: number = Date.now()): number | null {
  const text = header?.trim() ?? ''
  if (/^\d+(\.\d+)?$/.test(text)) return clampWait(Number(text))
  // Only the forms of an HTTP date: Date.parse would accept "-5" and "1 minute" as dates too.
  if (!/^[A-Za-z]{3,9},? /.test(text)) return null
  const time = Date.parse(text)
  return Number.isNaN(time) ? null : clampWait((time - now) / 1000)
}

/** The end of a message, with the seconds of its `Retry-After`: people and programs read one and the same. */
export function tryAgainIn(seconds: number): string {
  return `Try again in ${seconds} s.`
}

/** The platform's clock, from the `Date` of its answer, or ours when it sends none. Epoch milliseconds. */
export function timeOf({ date = '' }: Record<string, string>): number {
  const time = Date.parse(date)
  return Number.isNaN(time) ? Date.now() : time
}
