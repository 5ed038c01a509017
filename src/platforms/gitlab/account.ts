// Whose GitLab token it is, and what the token may do.

import { type Static, Type } from 'typebox'
import { Failure, type FailureCode } from '../../failure.ts'
import { avatarAddress, membersOf, webAddress } from '../answers.ts'
import { hasCode, orNull, WITHHELD } from '../failures.ts'
import type { Connection, Profile } from '../platform.ts'
import type { ApiClient } from '../transport/api-client.ts'
import { isSomebodyElses, isUnknownPath, notAPerson, notGitLab, perhapsNotGitLab } from './errors.ts'
import { OAuthToken, PersonalToken, User } from './responses.ts'
import { factsOfOAuthToken, factsOfPersonalToken, missingScopes, type TokenFacts } from './scopes.ts'

interface Apis {
  /** Below the REST root. */
  identity: ApiClient
  /** Below the web root, for OAuth. */
  web: ApiClient
  /** Below the web root, without the token, to find out which platform it is. */
  anonymous: ApiClient
}

/**
 * The call that describes personal tokens answers 400 to OAuth tokens, and the one for OAuth tokens answers 401 to
 * personal ones.
 */
const TOKEN_UNTOLD: FailureCode[] = [...WITHHELD, 'scm_bad_response', 'scm_query_refused', 'scm_token_rejected']
const NOTHING_TOLD: TokenFacts = { scopes: null, expiresAt: null }

export async function readProfile(at: Connection, apis: Apis): Promise<Profile> {
  const user = await readUser(at, apis)
  if (user.bot) throw notAPerson(at, user.username)
  const { scopes, expiresAt } = await readTokenFacts(at, apis)
  return {
    uid: String(user.id),
    username: user.username,
    avatarUrl: avatarAddress(user.avatar_url, at.webUrl),
    // null says that the account never confirmed its address; older servers do not send the field.
    email: user.confirmed_at === null ? null : user.email || null,
    profileUrl: webAddress(user.web_url) ?? at.webUrl,
    scopes,
    missingScopes: missingScopes(scopes),
    tokenExpiresAt: expiresAt,
  }
}

async function readUser(at: Connection, { identity, anonymous }: Apis): Promise<Static<typeof User>> {
  try {
    const { body } = await identity.get('/user', Type.Unknown())
    const user = identity.narrow(User, body)
    if (user) return user
    throw notGitLab(at, 'its answer to /user has no id or username', !at.hasWorked && 'login' in membersOf(body))
  } catch (failure) {
    if (hasCode(failure, 'scm_query_refused')) throw notGitLab(at, 'it refuses to say whose token this is')
    if (!(failure instanceof Failure) || !isUnknownPath(failure)) throw failure
    if (!at.hasWorked && (await isGitHub(anonymous))) throw notGitLab(at, 'it does not know /user', true)
    throw isSomebodyElses(failure) ? perhapsNotGitLab(at, failure) : notGitLab(at, 'it does not know /user')
  }
}

/** An Enterprise Server answers this openly, or rejects it in GitHub's own form. */
async function isGitHub(anonymous: ApiClient): Promise<boolean> {
  return anonymous.get('/api/v3/meta', Type.Unknown()).then(
    ({ body }) => 'installed_version' in membersOf(body),
    (failure) => hasCode(failure, 'scm_forbidden'),
  )
}

async function readTokenFacts({ granted, known = NOTHING_TOLD }: Connection, apis: Apis): Promise<TokenFacts> {
  if (granted && granted.scopes !== null) return granted
  const personal = granted ? null : await readPersonalToken(apis)
  if (personal !== null) return personal
  const oauth = await orNull(apis.web.get('/oauth/token/info', OAuthToken), TOKEN_UNTOLD)
  return oauth === null ? known : factsOfOAuthToken(oauth.body)
}

/** null for an OAuth token, and on servers before 15.5. */
async function readPersonalToken({ identity }: Apis): Promise<TokenFacts | null> {
  try {
    return factsOfPersonalToken((await identity.get('/personal_access_tokens/self', PersonalToken)).body)
  } catch (failure) {
    // A fine-grained token without the permission "Personal Access Token: Read".
    if (hasCode(failure, 'scm_scope_missing')) return NOTHING_TOLD
    if (hasCode(failure, ...TOKEN_UNTOLD)) return null
    throw failure
  }
}
