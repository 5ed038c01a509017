// One check of doctor: what was looked at, how it is, and what to do about it.

export interface Check {
  /** What it is about, in a word or two. */
  about: string
  status: 'ok' | 'warning' | 'failed'
  /** A sentence or more; for what is not ok it ends with what to do. */
  message: string
}

export function ok(about: string, message: string): Check {
  return { about, status: 'ok', message }
}

/** It works, but there is something to mend. */
export function warning(about: string, message: string): Check {
  return { about, status: 'warning', message }
}

export function failed(about: string, message: string): Check {
  return { about, status: 'failed', message }
}
