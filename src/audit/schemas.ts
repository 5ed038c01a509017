// Events as JSON, in the shape that the API's clients decode.

import { Type } from 'typebox'
import type { EventMeans } from '../database/tables.ts'
import { NullableString, Time } from '../http/schemas.ts'
import type { EventData, EventType } from './event-types.ts'
import { EVENT_TYPES } from './event-types.ts'
import type { Event } from './events.ts'

const MEANS: EventMeans[] = ['session', 'api_token', 'password', 'command_line', 'server']

export const EventSchema = Type.Object({
  id: Type.String(),
  created_at: Time,
  user: Type.Object(
    { id: Type.String(), email: Type.String(), username: Type.String() },
    { description: 'Whose account it is about.' },
  ),
  type: Type.Unsafe<EventType>({ type: 'string', enum: EVENT_TYPES }),
  type_data: Type.Unsafe<EventData[EventType]>({
    type: 'object',
    additionalProperties: true,
    description: 'What the type tells; each has members of its own.',
  }),
  via: Type.Unsafe<EventMeans>({ type: 'string', enum: MEANS, description: 'By which means it was done.' }),
  api_token: Type.Unsafe<{ id: string; name: string } | null>({
    anyOf: [Type.Object({ id: Type.String(), name: Type.String() }), { type: 'null' }],
  }),
  remote_ip: NullableString,
  request_id: NullableString,
})

/** `user`: owners see themselves as they are now, the operator sees what the event has. */
export function eventJson<User>(event: Event, user: User) {
  return {
    id: event.id,
    created_at: event.createdAt,
    user,
    // Safe: recordEvent alone writes it.
    type: event.type as EventType,
    type_data: JSON.parse(event.typeData) as EventData[EventType],
    via: event.via,
    api_token: event.tokenId === null ? null : { id: event.tokenId, name: event.tokenName ?? '' },
    remote_ip: event.remoteIp,
    request_id: event.requestId,
  }
}
