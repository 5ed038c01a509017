// Schema parts that all slices use for their JSON. A schema with a `title` becomes a named component of /openapi.json.

import type { Static, TSchema, TSchemaOptions } from 'typebox'
import { Type } from 'typebox'
import { HINT_ACTIONS } from './failure.ts'

/** One of the texts in `values`. */
export function oneOf<const T extends string>(values: readonly T[], options: TSchemaOptions = {}) {
  return Type.Unsafe<T>({ type: 'string', enum: [...values], ...options })
}

/** `schema`, or null. */
export function nullable<T extends TSchema>(schema: T, options: TSchemaOptions = {}) {
  const { type, ...others } = schema as TSchema & { type?: string }
  const isPlain = type !== undefined && type !== 'object' && !('enum' in schema)
  return Type.Unsafe<Static<T> | null>({
    ...(isPlain ? { type: [type, 'null'], ...others } : { anyOf: [schema, { type: 'null' }] }),
    ...options,
  })
}

export const Time = Type.String({
  format: 'date-time',
  examples: ['2019-08-12T11:59:37.298Z'],
  description: 'Date and time in UTC.',
})
export const NullableTime = nullable(Time)
export const NullableString = nullable(Type.String())
export const NullableEmail = nullable(Type.String({ format: 'email' }), { description: 'null: none is known.' })
export const Uuid = Type.String({ format: 'uuid' })

/** How other objects name the user who owns them. */
export const Owner = Type.Object(
  { id: Type.String(), email: NullableEmail, username: Type.String() },
  { title: 'Owner' },
)

/** What a caller can do about a failure or a problem, for programs. */
export const HintSchema = Type.Object(
  {
    action: oneOf(HINT_ACTIONS),
    field: Type.Optional(Type.String({ description: 'Of a 422: the field that this mends.' })),
    url: Type.Optional(Type.String({ description: 'The address to send instead, or the page to open.' })),
    scm_type: Type.Optional(Type.String({ description: 'The type to send instead.' })),
  },
  { title: 'Hint' },
)
