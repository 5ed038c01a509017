// Passwords: argon2id with the parameters that OWASP's password storage page asks for.

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

/** Threads that hash at once: the others of Node's four are left for looking up names, without which no platform is reached. */
const AT_ONCE = 2
const MOST_WAITING = 64
/** Of one address, so that nobody fills the queue for all others. */
const MOST_OF_ONE = 16

let hashing = 0
const waiting: { address: string | null; begin: () => void }[] = []

/** Does the work in its turn. Throws `overloaded` when too much waits already. */
async function inTurn<T>(address: string | null, work: () => Promise<T>): Promise<T> {
  const ofThisOne = address === null ? [] : waiting.filter((each) => each.address === address)
  if (waiting.length >= MOST_WAITING || ofThisOne.length >= MOST_OF_ONE) {
    const message = 'Too many passwords are being checked just now. Try again in a moment.'
    throw new Failure('overloaded', message, { retryAfter: 2 })
  }
  if (hashing < AT_ONCE) hashing++
  else await new Promise<void>((resolve) => waiting.push({ address, begin: resolve }))
  try {
    return await work()
  } finally {
    const next = waiting.shift()
    if (next) next.begin()
    else hashing--
  }
}

/** Throws `overloaded` when too many passwords wait already. */
export async function hashPassword(password: string): Promise<string> {
  return inTurn(null, () => hash(password, PARAMETERS))
}

/** A stand-in that no password fits, so that an unknown user takes as long as a wrong password. */
let standIn: Promise<string> | undefined

/**
 * Takes as long for a user that is not there (`passwordHash` null) as for a wrong password. Throws `overloaded` when too
 * many passwords wait already, or too many from this address.
 */
export async function isPassword(passwordHash: string | null, password: string, address: string): Promise<boolean> {
  standIn ??= hash(randomBytes(16).toString('hex'), PARAMETERS)
  const wanted = passwordHash ?? (await standIn)
  const fits = await inTurn(address, () => verify(wanted, password.slice(0, MAX_LENGTH + 1)))
  return passwordHash !== null && fits
}

/** 120 random bits, easy to copy. */
export function randomPassword(): string {
  return randomBytes(15).toString('base64url')
}
