// What the schemas of routes have in common.

import type { TSchema } from 'typebox'
import { Type } from 'typebox'

/** The status of success with its body; failures are described by `failures` of the route. */
export function answers<Status extends number, T extends TSchema>(status: Status, schema: T): Record<Status, T> {
  return { [status]: schema } as Record<Status, T>
}

export const IdParams = Type.Object({ id: Type.String({ description: 'Unique ID.' }) })
export const NoContent = Type.Null({ description: 'Nothing.' })
