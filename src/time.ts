// Times as the API writes them, `2019-08-12T11:59:37.298Z`, and work that is done again and again.

export function now(): string {
  return new Date().toISOString()
}

export const DAY_MS = 86_400_000

/** A moment `ms` from now, in the same form. */
export function fromNow(ms: number): string {
  return new Date(Date.now() + ms).toISOString()
}

/** Does the work now and after each interval, until it is closed. When it fails, the next time is early enough. */
export function repeat(work: () => Promise<unknown>, everyMs: number): { close(): Promise<void> } {
  const attempt = () => work().catch(() => undefined)
  let running = attempt()
  const timer = setInterval(() => {
    running = running.then(attempt)
  }, everyMs).unref()
  return {
    async close() {
      clearInterval(timer)
      await running
    },
  }
}
