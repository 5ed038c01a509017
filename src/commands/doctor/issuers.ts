// Checks those whose word about people counts here: the OpenID provider and the trusted issuers, and their keys.

import type { JWK } from 'jose'
import { None } from 'openid-client'
import { discover } from '../../accounts/identities/oidc/discovery.ts'
import { explainProvider } from '../../accounts/identities/oidc/errors.ts'
import { CALLBACK_PATH } from '../../accounts/identities/oidc/provider.ts'
import { fetchKeys } from '../../accounts/trusted-issuers/fetch-keys.ts'
import type { OidcConfig } from '../../config/oidc.ts'
import type { TrustedIssuer } from '../../config/trusted-issuers.ts'
import type { Config } from '../../config.ts'
import { Failure } from '../../failure.ts'
import { targetOf } from '../../platforms/transport/connect/address.ts'
import type { Transport } from '../../platforms/transport/transport.ts'
import { listOf } from '../../text.ts'
import type { Check } from './check.ts'
import { failed, ok, warning } from './check.ts'
import { checkWay } from './platform.ts'

export async function checkIssuers(config: Config, transport: Transport): Promise<Check[]> {
  const { oidc, trustedIssuers } = config
  // The rules of one issuer share its keys.
  const issuers = [...new Set(trustedIssuers.map(({ issuer }) => issuer))]
  const checks = await Promise.all([
    oidc ? checkIssuer(config, transport, 'OIDC_ISSUER', oidc.issuer, () => askProvider(config, transport, oidc)) : [],
    ...issuers.map((issuer) => {
      const rules = trustedIssuers.filter((rule) => rule.issuer === issuer)
      return checkIssuer(config, transport, 'TRUSTED_ISSUERS', issuer, () => askTrusted(transport, issuer, rules))
    }),
  ])
  return checks.flat()
}

/** The way there says most about what is wrong, so it is looked at first. `ask` throws what the answer lacks. */
async function checkIssuer(
  config: Config,
  transport: Transport,
  about: string,
  issuer: string,
  ask: () => Promise<Check>,
): Promise<Check[]> {
  const target = targetOf(new URL(issuer))
  if (!target) return [failed(about, `${issuer} is not an https address.`)]
  const way = checkWay(config, target, await transport.inspect(target))
    .filter(({ status }) => status !== 'ok')
    .map(({ status, message }) => ({ about, status, message }))
  if (way.some(({ status }) => status === 'failed')) return way
  try {
    return [...way, await ask()]
  } catch (error) {
    const reason = error instanceof Failure ? error.message : `${issuer} gives no keys: ${(error as Error).message}.`
    return [...way, failed(about, `${reason} Check ${about}, and what is behind that address.`)]
  }
}

async function askProvider({ publicUrl }: Config, transport: Transport, oidc: OidcConfig): Promise<Check> {
  const { issuer, label } = oidc
  const explaining = { label, host: new URL(issuer).hostname, log: () => undefined }
  const { metadata } = await discover(transport, oidc, None()).catch((error: unknown) => {
    throw explainProvider(explaining, error)
  })
  const { keys } = await fetchKeys(transport, { issuer, jwksUri: metadata.jwks_uri ?? null })
  const signsWith = algorithmsOf(keys)
  if (signsWith.length === 0) return failed('OIDC_ISSUER', noKeys(issuer))
  return ok(
    'OIDC_ISSUER',
    `${issuer} answers, with keys for ${listOf(signsWith, 'and')}. The callback address to register there is ${publicUrl}${CALLBACK_PATH}`,
  )
}

async function askTrusted(transport: Transport, issuer: string, rules: TrustedIssuer[]): Promise<Check> {
  const { keys } = await fetchKeys(transport, { issuer, jwksUri: rules[0]?.jwksUri ?? null })
  const signsWith = algorithmsOf(keys)
  if (signsWith.length === 0) return failed('TRUSTED_ISSUERS', noKeys(issuer))
  const has = `${issuer} has keys for ${listOf(signsWith, 'and')}`
  const taken = new Set(rules.flatMap(({ algorithms }) => algorithms))
  if (signsWith.some((name) => taken.has(name))) return ok('TRUSTED_ISSUERS', `${has}.`)
  return warning('TRUSTED_ISSUERS', `${has}, and no rule takes them: add one of them to its "algorithms".`)
}

function noKeys(issuer: string): string {
  return `${issuer} has no key that can be used: its set has none of RSA, EC or OKP. Its administrator has to add one.`
}

/** The algorithms of RFC 7518 and 8037 that the keys are for; a key that does not name its own has those of its type. */
function algorithmsOf(keys: JWK[]): string[] {
  const names = keys.flatMap(({ alg, kty, crv = '' }) => {
    if (alg !== undefined) return [alg]
    const ofCurve: Record<string, string> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512', Ed25519: 'EdDSA' }
    return kty === 'RSA' ? ['RS256'] : (ofCurve[crv] ?? [])
  })
  return [...new Set(names)].sort()
}
