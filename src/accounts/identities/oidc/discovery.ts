// Reads an OpenID provider's description of itself: its addresses, and where its keys are.

import * as jose from 'jose'
import * as openId from 'openid-client'
import type { OidcConfig } from '../../../config/oidc.ts'
import { Failure } from '../../../failure.ts'
import type { Transport } from '../../../platforms/transport/transport.ts'
import { openIdFetch } from './fetch.ts'

/** For all calls of one request of ours, which ends after 25 s. */
const MAX_CALLS_MS = 20_000
/** Clocks differ by so much. */
const TOLERANCE_SECONDS = 30

export interface Description {
  /** For calls until `MAX_CALLS_MS` after it was read. */
  configuration: openId.Configuration
  metadata: openId.ServerMetadata
  /** For logout tokens: kept for ten minutes, and asked for again at most every 30 s for an unknown one. */
  keys: jose.JWTVerifyGetKey
}

export async function discover(
  transport: Transport,
  config: OidcConfig,
  authenticate: openId.ClientAuth,
): Promise<Description> {
  const issuer = new URL(config.issuer)
  const deadline = Date.now() + MAX_CALLS_MS
  const configuration = await openId.discovery(
    issuer,
    config.clientId,
    { client_secret: config.clientSecret, [openId.clockTolerance]: TOLERANCE_SECONDS },
    authenticate,
    {
      [openId.customFetch]: openIdFetch(transport, () => deadline),
      execute: [
        // Without it the library does not check the signature of an ID token after a code exchange:
        // https://github.com/panva/openid-client/blob/main/docs/functions/enableNonRepudiationChecks.md
        openId.enableNonRepudiationChecks,
        // OIDC_ISSUER may be http on loopback only.
        ...(issuer.protocol === 'http:' ? [openId.allowInsecureRequests] : []),
      ],
    },
  )
  const metadata = configuration.serverMetadata()
  checkIssuer(config.issuer, metadata.issuer)
  if (!metadata.jwks_uri) throw unusable(issuer, 'names no keys (jwks_uri)')
  const keys = jose.createRemoteJWKSet(new URL(metadata.jwks_uri), {
    [jose.customFetch]: openIdFetch(transport, () => Date.now() + MAX_CALLS_MS),
  })
  return { configuration, metadata, keys }
}

/**
 * The library compares addresses, which are the same with and without a slash at the end; but identities are found by the
 * issuer's very text. Entra ID's tenants for everybody have a placeholder in it, and name themselves in the ID token.
 */
function checkIssuer(wanted: string, given: string): void {
  if (given === wanted || given.includes('{tenantid}')) return
  throw unusable(new URL(wanted), `calls itself ${JSON.stringify(given)}, so OIDC_ISSUER has to be that`)
}

function unusable({ hostname }: URL, what: string): Failure {
  return new Failure('issuer_unavailable', `${hostname} ${what}: tell the operator of this server.`)
}
