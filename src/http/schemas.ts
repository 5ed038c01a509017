// What all routes' schemas share.

import type { TSchema } from 'typebox'
import { Type } from 'typebox'

/** A successful status with its body; failures are described by the route's `failures`. */
export function answers<Status extends number, T extends TSchema>(status: Status, schema: T): Record<Status, T> {
  return { [status]: schema } as Record<Status, T>
}

export const IdParams = Type.Object({ id: Type.String({ description: 'Unique ID.' }) })
export const NoContent = Type.Null({ description: 'Nothing.' })
