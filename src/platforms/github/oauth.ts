// GitHub's OAuth: its endpoints, how they deviate from RFC 6749, and how tokens are revoked.

import { Failure } from '../../failure.ts'
import { membersOf } from '../answers.ts'
import {
  exchangeCode,
  type OAuthApplication,
  type OAuthEndpoints,
  randomSecret,
  refreshGrant,
  type TokenGrant,
  type TokenPair,
} from '../oauth.ts'
import { oauthFailure, recognises as recognisesOAuth } from '../oauth-failures.ts'
import type { RawAnswer } from '../transport/guard.ts'
import { send } from '../transport/send.ts'
import type { Transport } from '../transport/transport.ts'
import { apiVersionFor } from './addresses.ts'
import { recognises } from './errors.ts'
import { missingScopes } from './scopes.ts'

export const oauth: OAuthEndpoints = {
  authorizePath: '/login/oauth/authorize',
  // select_account: a person with several accounts in the browser chooses one.
  authorizeParameters: { allow_signup: 'false', prompt: 'select_account' },
  tokenPath: '/login/oauth/access_token',
  // GitHub's code exchange has no `grant_type`, and its refresh has no `redirect_uri`.
  codeParameters: {},
  refreshParameters: () => ({}),
  issuers,
  usualLifetime: 28_800,
  recognises: recognisesRejection,
  missingScopes,
  revoke,
}

/**
 * The issuer of github.com is https://github.com/login/oauth:
 * https://docs.github.com/en/apps/github-authentication-discovery-endpoints. That page says that other GitHub servers
 * publish an incorrect one, so for those both forms are accepted.
 */
function issuers(webUrl: string): string[] {
  const issuer = `${webUrl}/login/oauth`
  return webUrl === 'https://github.com' ? [issuer] : [issuer, webUrl]
}

/**
 * In the API's form, or with exactly this body at the token endpoint:
 * https://github.com/octokit/auth-oauth-user.js/issues/239
 */
function recognisesRejection(answer: RawAnswer): boolean {
  const { error, error_description: _, ...others } = membersOf(answer.body)
  const isAbsent = error === 'Not Found' && Object.keys(others).length === 0
  return isAbsent || recognises({ hasWorked: true }, answer)
}

/**
 * GitHub revokes a pair by its access token. An expired one is unknown to it, so the pair is refreshed first to revoke
 * it.
 */
async function revoke(
  transport: Transport,
  application: OAuthApplication,
  { accessToken, refreshToken }: TokenPair,
  keep: (renewed: TokenPair) => Promise<void>,
): Promise<void> {
  if (await endToken(transport, application, accessToken)) return
  // GitHub answers a wrong client secret in the same way, so the token endpoint is asked too: if it rejects only the
  // code or refresh token, the secret is right and the token is gone.
  let renewed: TokenGrant | undefined
  try {
    if (refreshToken === null) await exchangeCode(transport, application, { code: 'none', verifier: randomSecret() })
    else renewed = await refreshGrant(transport, application, refreshToken)
  } catch (error) {
    const isGone = error instanceof Failure && error.code === 'scm_grant_refused'
    if (!isGone) throw error
  }
  if (!renewed) return
  await keep(renewed)
  await endToken(transport, application, renewed.accessToken)
}

/** Returns whether the token existed. https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token */
async function endToken(transport: Transport, application: OAuthApplication, token: string): Promise<boolean> {
  const { apiUrl, clientId, clientSecret } = application
  const answer = await send(transport, {
    method: 'DELETE',
    url: `${apiUrl}/applications/${encodeURIComponent(clientId)}/token`,
    headers: {
      authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
      accept: 'application/vnd.github+json',
      'x-github-api-version': apiVersionFor(application.webUrl, undefined),
    },
    json: { access_token: token },
    recognises: (rejected) => recognisesOAuth(application, rejected),
  })
  // 404: the token is not ours any more, or our client secret is wrong; 422: it never was a token. Both count only when
  // GitHub itself wrote them: a proxy's page with such a status says nothing about the token.
  if (![204, 404, 422].includes(answer.status)) throw oauthFailure(application, answer)
  return answer.status === 204
}
