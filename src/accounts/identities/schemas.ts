// Identities as JSON.

import { Type } from 'typebox'
import { NullableTime, Time, Uuid } from '../../schemas.ts'
import type { Identity } from './identities.ts'

export const IdentitySchema = Type.Object(
  {
    id: Uuid,
    issuer: Type.String({ description: 'As it writes itself in `iss`.', examples: ['https://login.corp.example'] }),
    subject: Type.String({ description: 'Who the user is there.' }),
    created_at: Time,
    last_used_at: NullableTime,
  },
  { title: 'Identity' },
)

export function identityJson({ id, issuer, subject, createdAt, lastUsedAt }: Identity) {
  return { id, issuer, subject, created_at: createdAt, last_used_at: lastUsedAt }
}
