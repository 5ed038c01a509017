// Which scopes a GitLab token has, when it expires, and what it lacks for our calls.
import type { Static } from 'typebox'
import { isoTime } from '../answers.ts'
import { neededScopes, type Scope } from '../vendor.ts'
import type { OAuthToken, PersonalToken } from './responses.ts'

/** https://docs.gitlab.com/user/profile/personal_access_tokens/#personal-access-token-scopes */
export const SCOPES: Scope[] = [
  {
    name: 'read_api',
    meaning: 'your e-mail address, projects, groups, merge requests and SSH public keys',
    use: 'needed',
  },
  { name: 'read_user', meaning: 'your e-mail address and your SSH public keys', use: 'known' },
]

/** GitLab has about thirty. */
const MAX_SCOPES = 100

export interface TokenFacts {
  /** null when the server does not say. */
  scopes: string[] | null
  expiresAt: string | null
}

/** Only valid scope names, and not more than `MAX_SCOPES`, so that no server can make our rows and answers large. */
function namesOf(scopes: string[] | null): string[] | null {
  return scopes?.filter((scope) => /^[a-z][a-z0-9_:]{0,60}$/.test(scope)).slice(0, MAX_SCOPES) ?? null
}

export function factsOfPersonalToken({ scopes, expires_at }: Static<typeof PersonalToken>): TokenFacts {
  // A date without time: the token expires at its start, at midnight UTC
  // (https://docs.gitlab.com/user/profile/personal_access_tokens/).
  return { scopes: namesOf(scopes), expiresAt: isoTime(Date.parse(expires_at ?? '')) }
}

export function factsOfOAuthToken({ scope, expires_in }: Static<typeof OAuthToken>): TokenFacts {
  return { scopes: namesOf(scope), expiresAt: isoTime(Date.now() + (expires_in ?? Number.NaN) * 1000) }
}

/** For each scope, the wider scopes that include it. */
const INCLUDED_IN: Record<string, string[]> = {
  read_api: ['api'],
  read_user: ['api', 'read_api'],
}

/** `asked`: what an OAuth application asks for in addition to what our calls need. */
export function missingScopes(granted: string[] | null, asked: string[] = []): string[] {
  // The scopes of a fine-grained token do not say what it may do.
  if (granted === null || granted.includes('granular')) return []
  return [...new Set([...neededScopes(SCOPES), ...asked])].filter(
    (scope) => ![scope, ...(INCLUDED_IN[scope] ?? [])].some((candidate) => granted.includes(candidate)),
  )
}
