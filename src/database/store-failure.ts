// Translates drivers' errors: the store is unavailable, a value is already taken, or the statement is wrong.

import { Failure } from '../failure.ts'
import { NO_TLS, TLS_REQUIRED } from './postgres/store-words.ts'

/** Errors that mean "the store is unavailable now" and not "this statement is wrong". */
const UNAVAILABLE =
  /^(08|53|57P|58|25006|40001|40P01|57014|SQLITE_(BUSY|FULL|IOERR|LOCKED|CANTOPEN|READONLY|NOTADB|CORRUPT)|E(CONN|PIPE|TIMEDOUT|HOST|NET|AI_))/

const TAKEN = /^(23505|SQLITE_CONSTRAINT_(UNIQUE|PRIMARYKEY))$/
const OWNER_GONE = /^(23503|SQLITE_CONSTRAINT_FOREIGNKEY)$/

export function storeFailure(error: unknown): unknown {
  const code = codeOf(error)
  if (TAKEN.test(code)) return new Failure('conflict', 'This is there already.')
  // Every foreign key leads to a user in the end, so the caller's account was removed meanwhile.
  if (OWNER_GONE.test(code)) return new Failure('unauthorized', 'This account was removed.')
  const message = error instanceof Error ? error.message : ''
  const isGone = code ? UNAVAILABLE.test(code) : /timeout|terminated|closed|ended|not queryable/i.test(message)
  return isGone ? unavailable(error) : error
}

/** Only the driver's code is kept for the log, because PostgreSQL's `detail` repeats the row's values. */
export function unavailable(error: unknown): Failure {
  return new Failure('store_unavailable', 'The store is not available just now. Try again in a moment.', {
    retryAfter: 2,
    log: { store: reasonOf(error) },
  })
}

/** What pg says when it asked for TLS: https://github.com/brianc/node-postgres/blob/master/packages/pg/lib/connection.js */
const ASKED_IN_VAIN = /^The server does not support SSL connections/
/** What PostgreSQL says when it was not asked: `ClientAuthentication` in src/backend/libpq/auth.c. */
const NOT_ASKED = /^no pg_hba\.conf entry .*, no encryption$/

/** The driver's code, or ours for what has none that tells enough. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : ''
  if (ASKED_IN_VAIN.test(message)) return NO_TLS
  if (NOT_ASKED.test(message)) return TLS_REQUIRED
  return codeOf(error) || 'connection'
}

/** The driver's code for it; empty when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code ?? '') : ''
}

/** An error as a driver would throw it. */
export function errorWithCode(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}
