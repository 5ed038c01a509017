// Whether a platform's answer has the fields that we read of it, and those fields alone.

import { type TObject, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Failure } from '../../../failure.ts'
import { badResponse } from '../calls.ts'

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
 * What `shape` names of a value, undefined when something that it needs is missing. An optional member of an odd kind is
 * as good as absent: one odd field must not lose an answer. Knows optional members, and objects in objects.
 */
export function fitting(shape: TSchema, value: unknown): unknown {
  const object = objectIn(shape)
  if (!object || !isObject(value)) return checkerOf(shape).Check(value) ? value : undefined
  const members: Record<string, unknown> = {}
  for (const [name, member] of Object.entries(object.properties)) {
    const found = Object.hasOwn(value, name) ? fitting(member, value[name]) : undefined
    if (found !== undefined) members[name] = found
    else if (object.required?.includes(name)) return undefined
  }
  return members
}

/** As `fitting`; throws `scm_bad_response` with the first field that is not as `shape` says. */
export function readShape(shape: TSchema, value: unknown, host: string): unknown {
  const read = fitting(shape, value)
  if (read === undefined) throw wrongShape(host, checkerOf(shape).Errors(value)[0]?.instancePath ?? '')
  return read
}

export function wrongShape(host: string, field: string): Failure {
  return badResponse(host, 'answers with JSON of another shape than the API has', { field: field.slice(0, 100) })
}

/** The object that the shape is, or that is one of its alternatives. */
function objectIn(shape: TSchema): TObject | undefined {
  const alternatives = Type.IsUnion(shape) ? shape.anyOf : [shape]
  return alternatives.find((one) => Type.IsObject(one))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
