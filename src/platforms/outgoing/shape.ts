// Whether a platform's answer has the fields that we read of it.

import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Failure } from '../../failure.ts'
import { badResponse } from './calls.ts'

interface Checker {
  Check(value: unknown): boolean
  Errors(value: unknown): { instancePath?: string }[]
}

const checkers = new WeakMap<TSchema, Checker>()

function checkerOf(shape: TSchema): Checker {
  const known = checkers.get(shape)
  if (known) return known
  const checker: Checker = Compile(shape)
  checkers.set(shape, checker)
  return checker
}

/**
 * Throws `scm_bad_response` with the first field that is not as `shape` says. Returns nothing: a type predicate over every
 * schema there may be costs the compiler ten seconds.
 */
export function checkShape(shape: TSchema, value: unknown, host: string): void {
  const checker = checkerOf(shape)
  if (!checker.Check(value)) throw wrongShape(host, checker.Errors(value)[0]?.instancePath ?? '')
}

export function wrongShape(host: string, field: string): Failure {
  return badResponse(host, 'answers with JSON of another shape than the API has', { field: field.slice(0, 100) })
}
