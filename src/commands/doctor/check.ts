// One check of doctor: what was checked, the result, and what to do about it.

export interface Check {
  /** What was checked, in a word or two. */
  about: string
  status: 'ok' | 'warning' | 'failed'
  /** One or more sentences; unless the result is ok, the last one says what to do. */
  message: string
}

export function ok(about: string, message: string): Check {
  return { about, status: 'ok', message }
}

/** It works, but something should be fixed. */
export function warning(about: string, message: string): Check {
  return { about, status: 'warning', message }
}

export function failed(about: string, message: string): Check {
  return { about, status: 'failed', message }
}
