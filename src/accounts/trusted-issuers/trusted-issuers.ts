// Verifies the JWTs of trusted issuers, each with the keys of its own issuer (RFC 7519, RFC 8725).

import { decodeJwt, decodeProtectedHeader, type JWTPayload, jwtVerify, type ProtectedHeaderParameters } from 'jose'
import { LRUCache } from 'lru-cache'
import type { TrustedIssuer } from '../../config.ts'
import { Failure } from '../../failure.ts'
import type { Log } from '../../log-events.ts'
import type { Transport } from '../../platforms/transport/transport.ts'
import { listOf } from '../../text.ts'
import { fetchKeys } from './fetch-keys.ts'
import { createIssuerKeys, type IssuerKeys, type KeySet } from './issuer-keys.ts'

/** A JWT that was verified, and the rule that it falls under. */
export interface IssuerJwt {
  rule: TrustedIssuer
  claims: JWTPayload
  /** `exp`, in seconds. */
  expires: number
  /** `iat`, in seconds. */
  issuedAt: number
}

export interface TrustedIssuers {
  /** Whether the JWT says that it is of a trusted issuer. Nothing is verified for that. */
  recognises(jwt: string): boolean
  /**
   * undefined for anything that is not a valid JWT of a trusted issuer. Throws `issuer_unavailable`, or `claim_required`
   * when no rule takes the claims.
   */
  verify(jwt: string): Promise<IssuerJwt | undefined>
}

interface Issuer {
  name: string
  rules: TrustedIssuer[]
  keys: IssuerKeys
}

const LEEWAY_SECONDS = 30
const MAX_LIFETIME_SECONDS = 24 * 3600
/** Those of Entra ID with many groups have 4,000 characters. */
const MAX_LENGTH = 8192
/** Characters of all verified JWTs that are cached. */
const MAX_CACHED_LENGTH = 8 * 1024 * 1024
/** Other types are made for other purposes, such as logout tokens (RFC 8725 section 3.11); Kubernetes writes none. */
const TYPES = ['jwt', 'at+jwt']

/** The keys are asked for when the first JWT needs them. */
export function createTrustedIssuers(
  rules: TrustedIssuer[],
  { transport, log }: { transport: Transport; log: Log },
): TrustedIssuers {
  const issuers = new Map<unknown, Issuer>()
  for (const rule of rules) {
    const name = rule.issuer
    const known = issuers.get(name)
    if (known) known.rules.push(rule)
    else issuers.set(name, { name, rules: [rule], keys: createIssuerKeys(name, () => fetchKeys(transport, rule), log) })
  }
  const verified = new LRUCache<string, IssuerJwt & { keys: KeySet }>({
    maxSize: MAX_CACHED_LENGTH,
    sizeCalculation: (_found, jwt) => jwt.length,
  })

  return {
    recognises: (jwt) => issuers.size > 0 && issuers.has(issuerIn(jwt)),
    async verify(jwt) {
      const issuer = issuers.get(issuerIn(jwt))
      if (!issuer) return undefined
      const known = verified.get(jwt)
      // With new keys it is verified again: they may lack the one that signed it.
      if (known && known.keys === issuer.keys.current() && isAlive(known)) return known
      verified.delete(jwt)
      const found = await verifyBy(issuer, jwt)
      if (found) verified.set(jwt, found)
      return found
    },
  }
}

function isAlive({ expires }: IssuerJwt): boolean {
  return expires + LEEWAY_SECONDS > Date.now() / 1000
}

function issuerIn(jwt: string): unknown {
  if (jwt.length > MAX_LENGTH) return undefined
  try {
    return decodeJwt(jwt).iss
  } catch {
    return undefined
  }
}

async function verifyBy(issuer: Issuer, jwt: string): Promise<(IssuerJwt & { keys: KeySet }) | undefined> {
  const header = headerOf(jwt)
  if (!header || !isOrdinary(header)) return undefined
  const { kid, alg = '' } = header
  const rules = issuer.rules.filter(({ algorithms }) => algorithms.includes(alg))
  if (rules.length === 0) return undefined
  const keys = await issuer.keys.keysFor(kid)
  const claims = await claimsOf(jwt, keys, issuer.name, rules)
  if (!claims) return undefined
  const rule = ruleFor(claims, rules)
  return { rule, claims, expires: claims.exp, issuedAt: claims.iat, keys }
}

function headerOf(jwt: string): ProtectedHeaderParameters | undefined {
  try {
    return decodeProtectedHeader(jwt)
  } catch {
    return undefined
  }
}

/**
 * `jku`, `x5u`, `jwk` and `x5c` are not looked at: the keys are those of the issuer, whatever the JWT says. Extensions that
 * must be understood (`crit`) are not.
 */
function isOrdinary({ kid, typ, crit }: ProtectedHeaderParameters): boolean {
  const isKnownType =
    typ === undefined ||
    TYPES.includes(
      String(typ)
        .toLowerCase()
        .replace(/^application\//, ''),
    )
  return isKnownType && crit === undefined && (kid === undefined || typeof kid === 'string')
}

/** Whether a name stands twice in an object: others may read the first where we read the last (RFC 7519 section 4). */
function hasTwins(jwt: string): boolean {
  return jwt.split('.', 2).some((part) => {
    const text = Buffer.from(part, 'base64url').toString()
    // Every string of the JSON; those before a colon are names.
    const names = [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter(([, colon]) => colon !== undefined)
    return names.length !== countNames(JSON.parse(text))
  })
}

function countNames(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  const members = Object.values(value)
  return members.reduce(
    (count: number, member) => count + countNames(member),
    Array.isArray(value) ? 0 : members.length,
  )
}

async function claimsOf(
  jwt: string,
  keys: KeySet,
  issuer: string,
  rules: TrustedIssuer[],
): Promise<(JWTPayload & { exp: number; iat: number }) | undefined> {
  try {
    const { payload } = await jwtVerify(jwt, keys.find, {
      algorithms: rules.flatMap(({ algorithms }) => algorithms),
      issuer,
      audience: rules.map(({ audience }) => audience),
      clockTolerance: LEEWAY_SECONDS,
      maxTokenAge: MAX_LIFETIME_SECONDS,
      requiredClaims: ['exp'],
    })
    const { exp, iat } = payload
    if (exp === undefined || iat === undefined || exp - iat > MAX_LIFETIME_SECONDS || hasTwins(jwt)) return undefined
    return { ...payload, exp, iat }
  } catch {
    return undefined
  }
}

/** The first rule for the JWT's audience whose required claims it has. Throws `claim_required` when there is none. */
function ruleFor(claims: JWTPayload, rules: TrustedIssuer[]): TrustedIssuer {
  const audiences = [claims.aud].flat()
  const fitting = rules.filter(({ audience }) => audiences.includes(audience))
  const rule = fitting.find(({ requiredClaims }) => fits(requiredClaims, claims))
  if (rule) return rule
  const names = fitting.flatMap(({ requiredClaims }) => Object.keys(requiredClaims))
  throw claimRequired(`with the right value of ${listOf([...new Set(names)], 'and')}`)
}

export function claimRequired(what: string): Failure {
  return new Failure('claim_required', `Of this issuer only JWTs are accepted ${what}.`)
}

/** A list has to hold the value, an object the members. */
function fits(wanted: unknown, value: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) {
    return value === wanted || (Array.isArray(value) && value.includes(wanted))
  }
  if (typeof value !== 'object' || value === null) return false
  const members: Record<string, unknown> = { ...value }
  return Object.entries(wanted).every(([name, one]) => Object.hasOwn(members, name) && fits(one, members[name]))
}
