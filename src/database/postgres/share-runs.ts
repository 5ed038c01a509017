// One run of a read for all that ask for the same at the same time.

/** Gives what `run` gives, or a run by the same key that begins after this call. */
export type ShareRuns<T> = (key: string, run: () => Promise<T>) => Promise<T>

/**
 * Who asks while a run is going on cannot have what it gives, because it may have begun before a write that they have seen.
 * All of them share the next run, which begins when that one ends.
 */
export function createSharedRuns<T>(): ShareRuns<T> {
  const running = new Map<string, { current: Promise<T>; next: Promise<T> | undefined }>()

  function start(key: string, run: () => Promise<T>): Promise<T> {
    const entry: { current: Promise<T>; next: Promise<T> | undefined } = { current: run(), next: undefined }
    running.set(key, entry)
    const isOver = () => {
      if (!entry.next) running.delete(key)
    }
    entry.current.then(isOver, () => running.delete(key))
    return entry.current
  }

  return (key, run) => {
    const entry = running.get(key)
    if (!entry) return start(key, run)
    // When the store is gone, all are told so at once: to wait for a second failure would take twice as long.
    entry.next ??= entry.current.then(() => start(key, run))
    return entry.next
  }
}
