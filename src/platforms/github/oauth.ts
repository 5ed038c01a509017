// GitHub's OAuth: its endpoints, where they deviate from RFC 6749, and how tokens are revoked.

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
  // select_account: with several accounts in the browser, its person says which is meant.
  authorizeParameters: { allow_signup: 'false', prompt: 'select_account' },
  tokenPath: '/login/oauth/access_token',
  // GitHub's form for a code has no `grant_type`, and for a refresh token no `redirect_uri`.
  codeParameters: {},
  refreshParameters: () => ({}),
  issuers,
  usualLifetime: 28_800,
  recognises: recognisesRejection,
  missingScopes,
  revoke,
}

/**
 * github.com names itself https://github.com/login/oauth:
 * https://docs.github.com/en/apps/github-authentication-discovery-endpoints. That page says that what other GitHub servers
 * publish is incorrect, so of those either form is taken.
 */
function issuers(webUrl: string): string[] {
  const issuer = `${webUrl}/login/oauth`
  return webUrl === 'https://github.com' ? [issuer] : [issuer, webUrl]
}

/** As its API refuses, or, at the token endpoint, exactly so: https://github.com/octokit/auth-oauth-user.js/issues/239 */
function recognisesRejection(answer: RawAnswer): boolean {
  const { error, error_description: _, ...others } = membersOf(answer.body)
  const isAbsent = error === 'Not Found' && Object.keys(others).length === 0
  return isAbsent || recognises({ hasWorked: true }, answer)
}

/** GitHub ends a pair by its access token. One that has run out is none any more: then the pair is renewed to end it. */
async function revoke(
  transport: Transport,
  application: OAuthApplication,
  { accessToken, refreshToken }: TokenPair,
  keep: (renewed: TokenPair) => Promise<void>,
): Promise<void> {
  if (await endToken(transport, application, accessToken)) return
  // GitHub says the same to a wrong client secret. The token endpoint tells: what it refuses there is not the client.
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

/** Whether the token was there. https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token */
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
  // 404: it is no token of ours any more, or we are not who we say; 422: it never was one. Either only where GitHub itself
  // says so: a proxy's page with such a status says nothing of the token.
  if (![204, 404, 422].includes(answer.status)) throw oauthFailure(application, answer)
  return answer.status === 204
}
