// Events as JSON, in the shape that the API's clients decode.

import { Type } from 'typebox'
import type { ActType, EventMeans } from '../database/tables.ts'
import { NullableString, nullable, Owner, oneOf, Time, Uuid } from '../schemas.ts'
import type { EventData, EventType } from './event-types.ts'
import { EVENT_TYPES } from './event-types.ts'
import type { Event } from './events.ts'

const MEANS: EventMeans[] = [
  'session',
  'api_token',
  'password',
  'oidc',
  'command_line',
  'server',
  'service_token',
  'issuer',
  'link_session',
  'invitation',
]
const ACT_TYPES: ActType[] = ['service', 'administrator', 'issuer']

export const EventSchema = Type.Object(
  {
    id: Uuid,
    created_at: Time,
    /** The account that the event is about. */
    user: Owner,
    type: oneOf(EVENT_TYPES, { title: 'EventType' }),
    type_data: Type.Unsafe<EventData[EventType]>({
      type: 'object',
      additionalProperties: true,
      description: 'What the type tells; each has members of its own.',
    }),
    via: oneOf(MEANS, { title: 'EventMeans', description: 'By which means it was done.' }),
    api_token: nullable(Type.Object({ id: Uuid, name: Type.String() }, { title: 'EventToken' })),
    act: nullable(Type.Object({ type: oneOf(ACT_TYPES), id: Type.String(), name: Type.String() }, { title: 'Act' }), {
      description: 'Who acted, if it was not the user.',
    }),
    remote_ip: NullableString,
    request_id: NullableString,
  },
  { title: 'Event' },
)

/** `user`: users see their present name, the operator sees the name in the event. */
export function eventJson<User>(event: Event, user: User) {
  return {
    id: event.id,
    created_at: event.createdAt,
    user,
    // Safe, because only recordEvent writes it.
    type: event.type as EventType,
    type_data: JSON.parse(event.typeData) as EventData[EventType],
    via: event.via,
    api_token: event.tokenId === null ? null : { id: event.tokenId, name: event.tokenName ?? '' },
    act: event.actType && { type: event.actType, id: event.actId ?? '', name: event.actName ?? '' },
    remote_ip: event.remoteIp,
    request_id: event.requestId,
  }
}
