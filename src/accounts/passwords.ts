// Hashes and checks passwords: argon2id with the parameters of OWASP's password storage page.

import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { Failure } from '../failure.ts'

/** https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html: 19 MiB, 2 passes, 1 lane; argon2id is the library's default. */
const PARAMETERS = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 }

const MIN_LENGTH = 8
const MAX_LENGTH = 200

/** Why this cannot be a password; undefined when it can. */
export function passwordProblem(password: string): string | undefined {
  if (password.length < MIN_LENGTH) return `must have at least ${MIN_LENGTH} characters`
  if (password.length > MAX_LENGTH) return `must have at most ${MAX_LENGTH} characters`
  return undefined
}

/**
 * How many passwords are hashed at once. Node's other two threads stay free for DNS, without which no platform is
 * reached.
 */
const AT_ONCE = 2
const MAX_WAITING = 64
const MAX_OF_ONE_PARTY = 16

interface Turn {
  /**
   * Who waits: parties take turns, and when the queue is full the one with most entries loses one. null: never loses
   * one.
   */
  party: string | null
  begin: () => void
  giveUp: (failure: Failure) => void
}

export interface Passwords {
  /** Throws `overloaded` when too many passwords wait already. `party`: who asks, so that everybody gets a turn. */
  hash(password: string, party?: string | null): Promise<string>
  /**
   * Takes as long for an unknown user (`passwordHash` null) as for a wrong password. Throws `overloaded` when too many
   * passwords wait already. `party`: who asks, so that everybody gets a turn.
   */
  matches(passwordHash: string | null, password: string, party: string): Promise<boolean>
}

export function createPasswords(): Passwords {
  const inTurn = createTurns()
  /** The hash of no password, so that checking an unknown user takes as long as checking a wrong password. */
  let standIn: Promise<string> | undefined

  return {
    hash: (password, party = null) => inTurn(party, () => hash(password, PARAMETERS)),
    async matches(passwordHash, password, party) {
      standIn ??= hash(randomBytes(16).toString('hex'), PARAMETERS)
      const wanted = passwordHash ?? (await standIn)
      const fits = await inTurn(party, () => verify(wanted, password.slice(0, MAX_LENGTH + 1)))
      return passwordHash !== null && fits
    },
  }
}

/**
 * Runs work in turn. When too much waits already, the party with the most entries loses its last one; throws
 * `overloaded` when no other party has more entries than this one.
 */
function createTurns(): <T>(party: string | null, work: () => Promise<T>) => Promise<T> {
  let hashing = 0
  let waiting: Turn[] = []
  /** The parties that had a turn, the latest last; never longer than the queue. */
  let served: (string | null)[] = []

  async function inTurn<T>(party: string | null, work: () => Promise<T>): Promise<T> {
    if (hashing < AT_ONCE) hashing++
    else await waitForTurn(party)
    try {
      return await work()
    } finally {
      const next = takeNext()
      if (next) next.begin()
      else hashing--
    }
  }

  function waitForTurn(party: string | null): Promise<void> {
    const own = waiting.filter((turn) => turn.party === party).length
    if (party !== null && own >= MAX_OF_ONE_PARTY) throw tooMany()
    if (waiting.length >= MAX_WAITING && !takePlaceOfAnother(own)) throw tooMany()
    return new Promise((resolve, reject) => waiting.push({ party, begin: resolve, giveUp: reject }))
  }

  /**
   * Makes room: the party with the most entries loses its last one. Returns whether one had at least two more than
   * `own`.
   */
  function takePlaceOfAnother(own: number): boolean {
    const counts = new Map<string, number>()
    for (const { party } of waiting) if (party !== null) counts.set(party, (counts.get(party) ?? 0) + 1)
    const most = Math.max(0, ...counts.values())
    if (most <= own + 1) return false
    const last = waiting.findLastIndex(({ party }) => party !== null && counts.get(party) === most)
    waiting[last]?.giveUp(tooMany())
    waiting = waiting.toSpliced(last, 1)
    return true
  }

  /** The entry of the party whose last turn is the longest ago. */
  function takeNext(): Turn | undefined {
    const turns = waiting.map(({ party }) => served.lastIndexOf(party))
    const next = waiting[turns.indexOf(Math.min(...turns))]
    if (!next) return undefined
    waiting = waiting.filter((turn) => turn !== next)
    served = [...served.filter((party) => party !== next.party), next.party].slice(-MAX_WAITING)
    return next
  }

  return inTurn
}

function tooMany(): Failure {
  const message = 'Too many passwords are being checked just now. Try again in a moment.'
  return new Failure('overloaded', message, { retryAfter: 2 })
}

/** 120 random bits, easy to copy. */
export function randomPassword(): string {
  return randomBytes(15).toString('base64url')
}
