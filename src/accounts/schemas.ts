// Users and API tokens as JSON.

import { Type } from 'typebox'
import { NullableEmail, NullableString, NullableTime, nullable, oneOf, Time, Uuid } from '../schemas.ts'
import type { ApiToken } from './api-tokens.ts'
import { SCOPES, splitScopes } from './scopes.ts'
import type { User } from './users.ts'

export function ownerJson({ id, email, username }: User) {
  return { id, email, username }
}

/** Flags and limits; there are none here. */
const Nothing = Type.Object({}, { title: 'Nothing' })

export const UserSchema = Type.Object(
  {
    id: Type.String({ examples: ['us-c4e889d8-9bbc-4dfa-b39f-5d41c888349d'] }),
    uuid: Uuid,
    username: Type.String(),
    fullname: Type.String(),
    email: NullableEmail,
    avatar_url: nullable(Type.String({ format: 'uri' })),
    created_at: Time,
    updated_at: Time,
    flags: Nothing,
    limits: Nothing,
    company: NullableString,
    location: NullableString,
    role: NullableString,
    github: Type.Null(),
  },
  { title: 'User' },
)

/** Members that Forgelink does not store are null: the API's clients expect them. */
export function userJson(user: User) {
  return {
    id: user.id,
    uuid: user.id.replace(/^us-/, ''),
    username: user.username,
    fullname: user.fullName ?? user.username,
    email: user.email,
    avatar_url: user.avatarUrl,
    created_at: user.createdAt,
    updated_at: user.updatedAt,
    flags: {},
    limits: {},
    company: null,
    location: null,
    role: null,
    github: null,
  }
}

/** As operators and administrators see a user. */
export function accountJson(user: User) {
  return { ...userJson(user), role: user.role, active: user.active === 1 }
}

export const ScopeSchema = oneOf(SCOPES, { title: 'Scope' })

export const ApiTokenSchema = Type.Object(
  {
    id: Uuid,
    name: Type.String(),
    created_at: Time,
    last_used_at: NullableTime,
    issued_at: Time,
    scopes: Type.Array(ScopeSchema),
    expires_at: nullable(Time, { description: 'null: never.' }),
    token: Type.Optional(Type.String({ description: 'The token itself: only in the answer that made it.' })),
  },
  { title: 'ApiToken' },
)

export function apiTokenJson(apiToken: ApiToken, token?: string) {
  return {
    id: apiToken.id,
    name: apiToken.name,
    created_at: apiToken.createdAt,
    last_used_at: apiToken.lastUsedAt,
    issued_at: apiToken.issuedAt,
    scopes: splitScopes(apiToken.scopes),
    expires_at: apiToken.expiresAt,
    ...(token && { token }),
  }
}
