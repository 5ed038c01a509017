// GitLab's OAuth: its endpoints, and how tokens are revoked.

import type { OAuthApplication, OAuthEndpoints, TokenPair } from '../oauth.ts'
import { badAnswer, oauthFailure, recognises as recognisesOAuth } from '../oauth-failures.ts'
import { send } from '../transport/send.ts'
import type { Transport } from '../transport/transport.ts'
import { recognises } from './errors.ts'
import { missingScopes } from './scopes.ts'

export const oauth: OAuthEndpoints = {
  authorizePath: '/oauth/authorize',
  authorizeParameters: { response_type: 'code' },
  tokenPath: '/oauth/token',
  codeParameters: { grant_type: 'authorization_code' },
  refreshParameters: ({ redirectUri }) => ({ redirect_uri: redirectUri }),
  // GitLab sends none yet; this is the issuer of https://gitlab.com/.well-known/oauth-authorization-server.
  issuers: (webUrl) => [webUrl],
  usualLifetime: 7_200,
  recognises: (answer) => recognises({ hasWorked: true }, answer),
  missingScopes,
  async revoke(transport, application, { accessToken, refreshToken }: TokenPair) {
    await endToken(transport, application, accessToken)
    // GitLab ignores an expired access token, and its refresh token would stay valid.
    if (refreshToken !== null) await endToken(transport, application, refreshToken)
  },
}

/** https://docs.gitlab.com/api/oauth2/#revoke-a-token: 200 also for unknown tokens. */
async function endToken(transport: Transport, application: OAuthApplication, token: string): Promise<void> {
  const answer = await send(transport, {
    method: 'POST',
    url: `${application.webUrl}/oauth/revoke`,
    headers: { accept: 'application/json' },
    form: { client_id: application.clientId, client_secret: application.clientSecret, token },
    recognises: (rejected) => recognisesOAuth(application, rejected),
  })
  if (answer.status >= 400) throw oauthFailure(application, answer)
  // A proxy's sign-in page also has the status 200.
  if (typeof answer.body !== 'object') throw badAnswer(application, 'did not confirm that it revoked a token')
}
