// Service tokens as JSON.

import { Type } from 'typebox'
import { NullableTime, nullable, oneOf, Time } from '../../schemas.ts'
import { SERVICE_SCOPES } from '../scopes.ts'
import type { Service } from './service-tokens.ts'

export const ServiceTokenSchema = Type.Object(
  {
    id: Type.String({ examples: ['svc-5a3f0a0e-3d5c-4b1b-9d0c-6f3c1a0d2e11'] }),
    name: Type.String(),
    scopes: Type.Array(oneOf(SERVICE_SCOPES, { title: 'ServiceScope' })),
    issuers: Type.Array(Type.String()),
    created_at: Time,
    expires_at: nullable(Time, { description: 'null: never.' }),
    last_used_at: NullableTime,
    token: Type.Optional(Type.String({ description: 'The token itself: only in the answer that made it.' })),
  },
  { title: 'ServiceToken' },
)

export function serviceTokenJson(service: Service, token?: string) {
  return {
    id: service.id,
    name: service.name,
    scopes: service.scopes,
    issuers: service.issuers,
    created_at: service.createdAt,
    expires_at: service.expiresAt,
    last_used_at: service.lastUsedAt,
    ...(token && { token }),
  }
}
