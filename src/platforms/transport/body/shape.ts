// Checks that a platform's answer has the fields that we read, and drops all others.

import { type Static, type TArray, type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { wrongShape } from '../bad-answers.ts'

export interface Shapes {
  /** A list of such items: the same shape each time. */
  listOf<T extends TSchema>(item: T): TArray<T>
  /**
   * The members of a value that `shape` names; undefined when a required one is missing or has the wrong type. An
   * optional one of the wrong type is left out, so that one bad field does not lose the answer. Knows optional members
   * and nested objects.
   */
  narrow<T extends TSchema>(shape: T, value: unknown): Static<T> | undefined
  /** Like `narrow`, but throws `scm_bad_response` with the first field that does not fit `shape`. */
  read<T extends TSchema>(shape: T, value: unknown, host: string): Static<T>
}

interface Checker {
  Check(value: unknown): boolean
  Errors(value: unknown): { instancePath?: string }[]
}

interface Member {
  name: string
  shape: TSchema
  isRequired: boolean
}

/** Compiles a shape at its first use: a compiled check takes 80 ns, an uncompiled one 5 µs. */
export function createShapes(): Shapes {
  const checkerOf = perShape((shape): Checker => Compile(shape))
  const membersOf = perShape(membersIn)
  const listOf = perShape((item) => Type.Array(item))

  function narrow(shape: TSchema, value: unknown): unknown {
    const members = membersOf(shape)
    if (!members || !isObject(value)) return checkerOf(shape).Check(value) ? value : undefined
    const kept: Record<string, unknown> = {}
    for (const { name, shape: member, isRequired } of members) {
      const found = Object.hasOwn(value, name) ? narrow(member, value[name]) : undefined
      if (found !== undefined) kept[name] = found
      else if (isRequired) return undefined
    }
    return kept
  }

  return {
    listOf: <T extends TSchema>(item: T) => listOf(item) as TArray<T>,
    narrow: <T extends TSchema>(shape: T, value: unknown) => narrow(shape, value) as Static<T> | undefined,
    read: <T extends TSchema>(shape: T, value: unknown, host: string) => {
      const read = narrow(shape, value)
      if (read === undefined) throw wrongShape(host, checkerOf(shape).Errors(value)[0]?.instancePath ?? '')
      return read as Static<T>
    },
  }
}

/** Of the shape itself when it is an object, else of the first of its alternatives that is one; null: there is none. */
function membersIn(shape: TSchema): Member[] | null {
  const alternatives = Type.IsUnion(shape) ? shape.anyOf : [shape]
  const object = alternatives.find((one) => Type.IsObject(one))
  if (!object) return null
  const required: string[] = object.required ?? []
  return Object.entries(object.properties).map(([name, member]) => {
    return { name, shape: member, isRequired: required.includes(name) }
  })
}

/** A function that makes something of a shape once, at its first use. */
export function perShape<T>(make: (shape: TSchema) => T): (shape: TSchema) => T {
  const made = new WeakMap<TSchema, T>()
  return (shape) => {
    const known = made.get(shape)
    if (known !== undefined) return known
    const one = make(shape)
    made.set(shape, one)
    return one
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
