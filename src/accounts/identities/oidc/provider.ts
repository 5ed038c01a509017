// The organisation's OpenID provider, read by openid-client: where it sends people, and what it says of them.

import * as openId from 'openid-client'
import type { OidcConfig } from '../../../config/oidc.ts'
import type { Log } from '../../../log-events.ts'
import type { Transport } from '../../../platforms/transport/transport.ts'
import { type Claims, textClaim } from './claims.ts'
import { type Description, discover } from './discovery.ts'
import { explainProvider, isClientRejected, rejected } from './errors.ts'
import { type LogoutToken, readLogoutToken } from './logout-token.ts'

/** The route that the provider sends the browser back to. */
export const CALLBACK_PATH = '/sign-in/oidc/callback'

/** How long the provider's description is kept, and how long after a failure it is not asked again. */
const KEPT_MS = 600_000
const PAUSE_MS = 5_000
/**
 * Ask the person to sign in now, and the ID token to say when. By `max_age` it should; Google wants to be asked by `claims`:
 * https://developers.google.com/identity/siwg/security-bundle. Who does not know that parameter passes it over.
 */
const PROOF_PARAMETERS = { max_age: '0', claims: '{"id_token":{"auth_time":{"essential":true}}}' }
/** OpenID Connect Core, section 2. */
const MAX_SUBJECT_LENGTH = 255

/** What the provider has said of a person who has just come from there. */
export interface Statement {
  issuer: string
  /** By the claim that OIDC_SUBJECT_CLAIM names. */
  subject: string
  sub: string
  sid: string | null
  /** When the person last proved there who they are, in epoch milliseconds; null when the provider does not tell. */
  provedAt: number | null
  idToken: string
  /** Of the ID token and of the userinfo endpoint. */
  claims: Claims[]
}

/** What an attempt to sign in has to be answered with. */
export interface Expected {
  state: string
  nonce: string
  verifier: string
  /** The person must have signed in there after this time, in epoch milliseconds; null: any session there is enough. */
  provedSince: number | null
}

/** Every method throws a `Failure` when the provider is away or gives an answer that cannot be used. */
export interface OidcProvider {
  readonly config: OidcConfig
  /** Where the browser is sent. */
  authorizationUrl(expected: Expected): Promise<string>
  /** `callback`: our own address as the provider has called it, with its query. */
  redeem(callback: URL, expected: Expected): Promise<Statement>
  /** Where the browser signs out there too; null when the provider has no such page. */
  endSessionUrl(idToken: string | null): Promise<string | null>
  /** Throws `sign_in_refused` unless the provider has made the token for us, to end sessions. */
  verifyLogoutToken(token: string): Promise<LogoutToken>
}

/** Asks nothing yet: a provider that is away must not stop our start. */
export function createOidcProvider(
  { transport, log, publicUrl }: { transport: Transport; log: Log; publicUrl: string },
  config: OidcConfig,
): OidcProvider {
  const explaining = { label: config.label, host: new URL(config.issuer).hostname, log }
  const redirectUri = publicUrl + CALLBACK_PATH
  // Providers take the client's secret in the body or in a header, and some only the way that the client was registered
  // with, which they do not tell: after a refusal the other way is tried, and what worked is used from then on.
  const ways = [openId.ClientSecretPost(config.clientSecret), openId.ClientSecretBasic(config.clientSecret)]
  const authenticate: openId.ClientAuth = (...request) => ways[0]?.(...request)
  let known: { until: number; description: Promise<Description> } | undefined

  function describe(): Promise<Description> {
    if (known && known.until > Date.now()) return known.description
    return keep(discover(transport, config, authenticate))
  }

  function keep(description: Promise<Description>): Promise<Description> {
    const mine = { description, until: Date.now() + KEPT_MS }
    known = mine
    description.catch(() => {
      mine.until = Date.now() + PAUSE_MS
    })
    return description
  }

  /** Tells what has gone wrong as a `Failure`. */
  async function explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw explainProvider(explaining, error)
    }
  }

  return {
    config,
    authorizationUrl: (expected) =>
      explained(async () => {
        const { configuration } = await describe()
        return openId.buildAuthorizationUrl(configuration, {
          redirect_uri: redirectUri,
          scope: config.scopes,
          state: expected.state,
          nonce: expected.nonce,
          code_challenge: await openId.calculatePKCECodeChallenge(expected.verifier),
          code_challenge_method: 'S256',
          ...(expected.provedSince !== null && PROOF_PARAMETERS),
        }).href
      }),
    redeem: (callback, expected) =>
      explained(async () => {
        // Described anew: the library asks for an unknown key once a minute at most, which would refuse whoever signs in
        // just after the provider has changed its keys.
        const description = await keep(discover(transport, config, authenticate))
        const tokens = await exchangeCode(description, callback, expected).catch((error: unknown) => {
          if (!isClientRejected(error)) throw error
          ways.reverse()
          return exchangeCode(description, callback, expected)
        })
        return readStatement(description, config.subjectClaim, tokens)
      }),
    endSessionUrl: (idToken) =>
      explained(async () => {
        const { configuration, metadata } = await describe()
        if (!metadata.end_session_endpoint) return null
        return openId.buildEndSessionUrl(configuration, {
          post_logout_redirect_uri: `${publicUrl}/sign-in`,
          ...(idToken !== null && { id_token_hint: idToken }),
        }).href
      }),
    verifyLogoutToken: (token) =>
      explained(async () => {
        const { metadata, keys } = await describe()
        return readLogoutToken(token, { issuer: metadata.issuer, clientId: config.clientId, keys })
      }),
  }
}

type Tokens = openId.TokenEndpointResponse & openId.TokenEndpointResponseHelpers

/** openid-client checks state, issuer, nonce, audience, times and signature. */
function exchangeCode({ configuration }: Description, callback: URL, expected: Expected): Promise<Tokens> {
  const { state, nonce, verifier, provedSince } = expected
  return openId.authorizationCodeGrant(configuration, callback, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
    idTokenExpected: true,
    ...(provedSince !== null && { maxAge: Math.ceil((Date.now() - provedSince) / 1000) }),
  })
}

async function readStatement(
  { configuration, metadata }: Description,
  subjectClaim: string,
  tokens: Tokens,
): Promise<Statement> {
  const claims = tokens.claims()
  if (!claims || !tokens.id_token) throw rejected('The provider gave no ID token. Begin again.')
  const userInfo = metadata.userinfo_endpoint
    ? await openId.fetchUserInfo(configuration, tokens.access_token, claims.sub)
    : {}
  const subject = textClaim([claims], subjectClaim)
  if (subject === undefined || subject.length > MAX_SUBJECT_LENGTH) {
    throw rejected(
      `The provider's ID token has no ${subjectClaim} that could name you: tell the operator of this server.`,
    )
  }
  return {
    issuer: claims.iss,
    subject,
    sub: claims.sub,
    sid: textClaim([claims], 'sid') ?? null,
    provedAt: typeof claims.auth_time === 'number' ? Math.min(claims.auth_time * 1000, Date.now()) : null,
    idToken: tokens.id_token,
    claims: [claims, userInfo],
  }
}
