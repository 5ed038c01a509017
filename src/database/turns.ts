// Waiting in turn: what must run one after another in this process, in order of arrival.

import type { StoreLoad } from '../metrics/at-scrape.ts'

export interface Turns {
  /** Throws what `tooLate` makes when the wait takes longer than `maxWaitMs`. */
  take(): Promise<void>
  release(): void
  /** How busy it is. */
  load(): StoreLoad
}

/** `maxWaitMs` null: waits without a time limit. */
export function createTurns(maxWaitMs: number | null, tooLate: () => unknown): Turns {
  const waiting = new Set<() => void>()
  let isTaken = false
  return {
    load: () => ({ idle: isTaken ? 0 : 1, used: isTaken ? 1 : 0, waiting: waiting.size }),
    async take() {
      if (!isTaken) {
        isTaken = true
        return
      }
      await new Promise<void>((resolve, reject) => {
        let timer: NodeJS.Timeout | undefined
        const begin = () => {
          clearTimeout(timer)
          resolve()
        }
        waiting.add(begin)
        if (maxWaitMs === null) return
        timer = setTimeout(() => {
          waiting.delete(begin)
          reject(tooLate())
        }, maxWaitMs)
      })
    },
    release() {
      const [next] = waiting
      if (!next) {
        isTaken = false
        return
      }
      waiting.delete(next)
      next()
    },
  }
}

/** Turns of many names; those of a name are kept only while somebody has or awaits one. */
export interface NamedTurns {
  run<T>(name: string, work: () => Promise<T>): Promise<T>
}

export function createNamedTurns(maxWaitMs: number, tooLate: () => unknown): NamedTurns {
  const named = new Map<string, Turns>()
  return {
    async run(name, work) {
      const turns = named.get(name) ?? createTurns(maxWaitMs, tooLate)
      named.set(name, turns)
      await turns.take()
      try {
        return await work()
      } finally {
        turns.release()
        if (turns.load().used === 0) named.delete(name)
      }
    },
  }
}
