// Users and API tokens as JSON.

import { Type } from 'typebox'
import { NullableString, Time } from '../schemas.ts'
import type { ApiToken } from './api-tokens.ts'
import { SCOPES, type Scope, splitScopes } from './scopes.ts'
import type { User } from './users.ts'

/** How other objects name the user they belong to. */
export const Owner = Type.Object({ id: Type.String(), email: Type.String(), username: Type.String() })

export function ownerJson({ id, email, username }: User) {
  return { id, email, username }
}

export const UserSchema = Type.Object({
  id: Type.String({ examples: ['us-c4e889d8-9bbc-4dfa-b39f-5d41c888349d'] }),
  uuid: Type.String(),
  username: Type.String(),
  fullname: Type.String(),
  email: Type.String(),
  created_at: Time,
  updated_at: Time,
  flags: Type.Object({}),
  limits: Type.Object({}),
  company: NullableString,
  location: NullableString,
  role: NullableString,
  github: Type.Null(),
})

/** The members that Forgelink does not keep are there and null: the API's clients name them. */
export function userJson(user: User) {
  return {
    id: user.id,
    uuid: user.id.replace(/^us-/, ''),
    username: user.username,
    fullname: user.username,
    email: user.email,
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

export const ApiTokenSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  created_at: Time,
  last_used_at: NullableString,
  issued_at: Time,
  scopes: Type.Unsafe<Scope[]>({ type: 'array', items: { type: 'string', enum: [...SCOPES] } }),
  expires_at: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'null: never.' }),
  token: Type.Optional(Type.String({ description: 'The token itself: only in the answer that made it.' })),
})

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
