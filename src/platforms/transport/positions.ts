// Remembers how far composed lists were read, so that a late page need not be read from the start of the list again.

import { LRUCache } from 'lru-cache'

/** After reading `consumed` items of each upstream list, `kept` items of our list had been found. */
export interface Position {
  kept: number
  consumed: number[]
}

/** The positions of one list. Losing them costs extra calls and nothing else. */
export interface ListPositions {
  /** The furthest position from which our list can be read on to item `kept`; undefined: read from the start. */
  before(kept: number): Position | undefined
  note(position: Position): void
}

export interface Positions {
  /** `key` must identify the token as well as the list. */
  of(key: string): ListPositions
}

/** Short, because lists change meanwhile. */
const LIFE_MS = 5 * 60_000
/** Positions per list: GitLab gives at most 500 pages of 100. */
const MAX_OF_LIST = 500

interface Noted extends Position {
  time: number
}

/** Bounded in lists, and in positions of all lists together. */
export function createPositions(): Positions {
  const lists = new LRUCache<string, Noted[]>({
    max: 2_000,
    maxSize: 20_000,
    sizeCalculation: (noted) => noted.length,
    ttl: LIFE_MS,
  })

  function living(key: string): Noted[] {
    return (lists.get(key) ?? []).filter(({ time }) => time > Date.now() - LIFE_MS)
  }

  return {
    of: (key) => ({
      before(kept) {
        return living(key)
          .filter((noted) => noted.kept <= kept)
          .reduce<Noted | undefined>((best, noted) => (best && best.kept >= noted.kept ? best : noted), undefined)
      },
      note({ kept, consumed }) {
        const here = consumed.join()
        const others = living(key).filter((noted) => noted.consumed.join() !== here)
        lists.set(key, [...others, { kept, consumed, time: Date.now() }].slice(-MAX_OF_LIST))
      },
    }),
  }
}
