// Revocation at GitHub and GitLab: ends what OAuth obtained.

import { Failure } from '../failure.ts'
import { apiVersionFor } from './github/api-version.ts'
import { exchangeCode, type OAuthApplication, randomSecret, refreshGrant, type TokenGrant } from './oauth.ts'
import { badAnswer, oauthFailure, recognises } from './oauth-failures.ts'
import { send } from './transport/send.ts'
import type { Transport } from './transport/transport.ts'

interface Pair {
  accessToken: string
  refreshToken: string | null
}

/**
 * Ends what OAuth obtained. Throws when it is to be tried again later; a token that is gone already is as good. `keep` is
 * given the pair that the tokens were renewed to on the way: a later try needs that one.
 */
export async function revokeGrant(
  transport: Transport,
  application: OAuthApplication,
  tokens: Pair,
  keep: (renewed: Pair) => Promise<void>,
): Promise<void> {
  if (application.scmType === 'github') return revokeAtGitHub(transport, application, tokens, keep)
  await revokeAtGitLab(transport, application, tokens.accessToken)
  // GitLab passes over an access token that has expired, and its refresh token would live on.
  if (tokens.refreshToken !== null) await revokeAtGitLab(transport, application, tokens.refreshToken)
}

/** GitHub ends a pair by its access token. One that has run out is none any more: then the pair is renewed to end it. */
async function revokeAtGitHub(
  transport: Transport,
  application: OAuthApplication,
  { accessToken, refreshToken }: Pair,
  keep: (renewed: Pair) => Promise<void>,
): Promise<void> {
  if (await endTokenAtGitHub(transport, application, accessToken)) return
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
  await endTokenAtGitHub(transport, application, renewed.accessToken)
}

/**
 * Whether the token was there. https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token
 */
async function endTokenAtGitHub(transport: Transport, application: OAuthApplication, token: string): Promise<boolean> {
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
    recognises: (rejected) => recognises('github', rejected),
  })
  // 404: it is no token of ours any more, or we are not who we say; 422: it never was one. Either only where GitHub itself
  // says so: a proxy's page with such a status says nothing of the token.
  if (![204, 404, 422].includes(answer.status)) throw oauthFailure(application, answer)
  return answer.status === 204
}

/** https://docs.gitlab.com/api/oauth2/#revoke-a-token: 200 also for tokens that it does not know. */
async function revokeAtGitLab(transport: Transport, application: OAuthApplication, token: string): Promise<void> {
  const answer = await send(transport, {
    method: 'POST',
    url: `${application.webUrl}/oauth/revoke`,
    headers: { accept: 'application/json' },
    form: { client_id: application.clientId, client_secret: application.clientSecret, token },
    recognises: (rejected) => recognises('gitlab', rejected),
  })
  if (answer.status >= 400) throw oauthFailure(application, answer)
  // A sign-in page of somebody in between is a 200 too.
  if (typeof answer.body !== 'object') throw badAnswer(application, 'did not confirm that it revoked a token')
}
