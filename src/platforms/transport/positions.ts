// Remembers between pages how far composed lists were read, so that a page far back is not read from the start again.

import { LRUCache } from 'lru-cache'

/** How many of ours were found in how many items of each upstream list. */
export interface Position {
  kept: number
  consumed: number[]
}

/** What is remembered of one list. Losing it costs calls and nothing else. */
export interface ListPositions {
  /** The furthest position from which item `kept` of ours and those after it can be read; undefined: from the start. */
  before(kept: number): Position | undefined
  note(position: Position): void
}

export interface Positions {
  /** `key` has to name the token as well as the list. */
  of(key: string): ListPositions
}

/** Lists change meanwhile, as they do between any two pages. */
const LIFE_MS = 5 * 60_000
/** Of one list: GitLab gives 500 pages of 100 at most. */
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
