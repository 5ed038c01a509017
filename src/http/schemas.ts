// Schema pieces that several slices answer with.

import type { TSchema } from 'typebox'
import { Type } from 'typebox'

export const Time = Type.String({ examples: ['2019-08-12T11:59:37.298Z'], description: 'Date and time in UTC.' })
export const NullableString = Type.Unsafe<string | null>({ type: ['string', 'null'] })

/** The status of success with its body, and every failure in its own form. */
export function answers<Status extends number, T extends TSchema>(status: Status, schema: T): Record<Status, T> {
  return { [status]: schema } as Record<Status, T>
}

export const IdParams = Type.Object({ id: Type.String({ description: 'Unique ID.' }) })
export const NoContent = Type.Null({ description: 'Nothing.' })
