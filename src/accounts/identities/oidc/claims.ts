// What an OpenID provider says of a person, and what we take from it.

import type { ClaimRule } from '../../../config/oidc.ts'
import {
  avatarUrlProblem,
  emailProblem,
  fullNameProblem,
  MAX_USERNAME_LENGTH,
  type UserProfile,
  usernameProblem,
} from '../../users.ts'

export type Claims = Record<string, unknown>

/** Whether one of them has the claim with exactly this value; a list must hold it exactly. */
export function holdsClaim(statements: Claims[], { name, value }: ClaimRule): boolean {
  return statements.some((claims) =>
    [claimOf(claims, name)].flat().some((held) => isPlain(held) && String(held) === value),
  )
}

function isPlain(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value)
}

/** The first that has the claim as a text that is not empty. */
export function textClaim(statements: Claims[], name: string): string | undefined {
  const texts = statements.map((claims) => claimOf(claims, name))
  return texts.find((text): text is string => typeof text === 'string' && text !== '')
}

function claimOf(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined
}

/**
 * Only an address that the provider has verified, since anybody can claim another's. Both claims come from the same
 * statement.
 */
export function verifiedEmail(statements: Claims[]): string | null {
  const verified = statements.filter((claims) => claimOf(claims, 'email_verified') === true)
  const email = textClaim(verified, 'email')
  return email !== undefined && emailProblem(email) === undefined ? email : null
}

/** A well-formed user name as near as possible to what the provider calls the person; it may be taken. */
export function usernameFrom(statements: Claims[], subject: string): string {
  const named = textClaim(statements, 'preferred_username') ?? textClaim(statements, 'nickname') ?? subject
  const [local = ''] = named.split('@')
  const name = local
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, MAX_USERNAME_LENGTH)
  return usernameProblem(name) === undefined ? name : 'user'
}

/** The person's name and picture, each if it is well-formed. */
export function profileFrom(statements: Claims[]): UserProfile {
  const [fullName, avatarUrl] = ['name', 'picture'].map((name) => textClaim(statements, name) ?? null)
  return {
    fullName: fullName && fullNameProblem(fullName) === undefined ? fullName : null,
    avatarUrl: avatarUrl && avatarUrlProblem(avatarUrl) === undefined ? avatarUrl : null,
  }
}
