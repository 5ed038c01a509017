// Reads TRUSTED_ISSUERS: whose JWTs are taken as bearer tokens, and for which users.

import { readFileSync } from 'node:fs'
import { entryForPlatform } from './hosts.ts'
import { shown } from './values.ts'
import { isLoopbackHost } from './web-addresses.ts'

/** One rule of TRUSTED_ISSUERS. All texts are compared byte for byte. */
export interface TrustedIssuer {
  issuer: string
  audience: string
  /** null: the issuer's discovery document names it. */
  jwksUri: string | null
  algorithms: string[]
  /** The claim that tells the issuer's users apart. */
  subjectClaim: string
  createUsers: boolean
  /** The id of the user as whom every JWT of the rule acts; null: the user that the JWT names. */
  user: string | null
  scopes: (typeof SCOPES)[number][]
  requiredClaims: Record<string, unknown>
}

/** The other settings that a rule is compared with. */
export interface OwnNames {
  publicUrl: string
  oidcClientId: string | null
}

/** Asymmetric only (RFC 7518, RFC 8037, RFC 9864): whoever can check a JWT with a shared secret could make one as well. */
const ALGORITHMS = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ')

/** Those that somebody who acts for a user may have. */
const SCOPES = ['read', 'write', 'access_tokens'] as const

/** As service tokens have them, which may name the same issuers. */
const MAX_ISSUER_LENGTH = 255

const MEMBERS = {
  issuer: issuerProblem,
  audience: textProblem,
  jwks_uri: optional(addressProblem),
  algorithms: optional(listProblem(ALGORITHMS)),
  subject_claim: optional(textProblem),
  create_users: optional((value) => (typeof value === 'boolean' ? undefined : 'must be true or false')),
  user: optional((value) =>
    isUserId(value) ? undefined : 'must be the id of a user, such as us-… of "forgelink user list"',
  ),
  scopes: optional(listProblem(SCOPES)),
  required_claims: optional(claimsProblem),
} satisfies Record<string, (value: unknown) => string | undefined>

type Rule = Record<string, unknown>

/** Throws an `AggregateError` with the rest of a sentence for each problem. The text is JSON, or the path of a file. */
export function parseTrustedIssuers(own: OwnNames): (text: string) => TrustedIssuer[] {
  return (text) => {
    const rules = listIn(/^[[{]/.test(text) ? text : textOf(text))
    const problems = rules.flatMap((rule, index) =>
      problemsOf(rule, rules.slice(0, index), own).map((problem) => `rule ${index + 1}: ${problem}`),
    )
    if (problems.length > 0) {
      throw new AggregateError(
        problems.map((problem) => new Error(problem)),
        'has mistakes',
      )
    }
    return rules.map(trustedIssuerOf)
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    throw new Error(`names a file that cannot be read: ${shown(path)}`)
  }
}

function listIn(text: string): Rule[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error('is not JSON, or the path of a file of JSON')
  }
  if (!Array.isArray(value) || !value.every(isObject)) {
    throw new Error('must be a list of rules such as [{"issuer":"https://idp.example.com","audience":"forgelink"}]')
  }
  return value
}

function isObject(value: unknown): value is Rule {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function problemsOf(rule: Rule, before: Rule[], own: OwnNames): string[] {
  const unknown = Object.keys(rule).filter((name) => !Object.hasOwn(MEMBERS, name))
  const wrong = Object.entries(MEMBERS).flatMap(([name, problemOf]) => {
    const problem = problemOf(rule[name])
    return problem === undefined ? [] : [`${name} ${problem}`]
  })
  return [
    ...unknown.map((name) => `${shown(name)} is no member of a rule; there are ${Object.keys(MEMBERS).join(', ')}`),
    ...wrong,
    // What follows compares members, and says nothing new of wrong ones.
    ...(wrong.length > 0 ? [] : [...problemsAmongMembers(rule, own), ...problemsAmongRules(rule, before)]),
  ]
}

function* problemsAmongMembers(rule: Rule, { publicUrl, oidcClientId }: OwnNames): Iterable<string> {
  const { issuer, audience, user, create_users: createUsers, required_claims: requiredClaims } = rule
  if (String(issuer).replace(/\/+$/, '') === publicUrl) yield 'issuer must not be PUBLIC_URL, which signs for itself'
  // Else a sign-in's ID token, which passes through browsers, would be a bearer token.
  if (audience === oidcClientId) yield 'audience must not be OIDC_CLIENT_ID: ask the issuer for JWTs with another'
  if ((user ?? null) !== null && createUsers) yield 'user and create_users exclude each other: set one of them'
  if (isForEverybody(String(issuer)) && Object.keys((requiredClaims as Rule | null) ?? {}).length === 0) {
    yield `required_claims is required, because ${issuer} signs JWTs for everybody: name claims that only your own have`
  }
}

/** The keys are the issuer's, and a subject must mean one thing, or somebody could be taken for somebody else. */
function problemsAmongRules(rule: Rule, before: Rule[]): string[] {
  const others = before.filter(({ issuer }) => issuer === rule.issuer)
  const isNaming = ({ user }: Rule) => (user ?? null) === null
  const differs = (name: string, those: Rule[]) => those.some((other) => (other[name] ?? null) !== (rule[name] ?? null))
  const subjects = isNaming(rule) ? others.filter(isNaming) : []
  const subjectOf = ({ subject_claim: claim }: Rule) => claim ?? 'sub'
  return [
    ...(differs('jwks_uri', others) ? ['jwks_uri must be the same in all rules of an issuer'] : []),
    ...(subjects.some((other) => subjectOf(other) !== subjectOf(rule))
      ? ['subject_claim must be the same in all rules of an issuer that have no user']
      : []),
  ]
}

function trustedIssuerOf(rule: Rule): TrustedIssuer {
  const given = rule as Partial<Record<keyof typeof MEMBERS, never>>
  return {
    issuer: given.issuer ?? '',
    audience: given.audience ?? '',
    jwksUri: given.jwks_uri ?? null,
    algorithms: given.algorithms ?? ALGORITHMS,
    subjectClaim: given.subject_claim ?? 'sub',
    createUsers: given.create_users ?? false,
    user: given.user ?? null,
    scopes: given.scopes ?? ['read', 'write'],
    requiredClaims: given.required_claims ?? {},
  }
}

function optional(problemOf: (value: unknown) => string | undefined): (value: unknown) => string | undefined {
  return (value) => (value === undefined || value === null ? undefined : problemOf(value))
}

function textProblem(value: unknown): string | undefined {
  if (value === undefined) return 'is required'
  return typeof value === 'string' && value.trim() !== '' ? undefined : 'must be a text that is not blank'
}

function isUserId(value: unknown): boolean {
  return typeof value === 'string' && /^us-[0-9a-f-]{36}$/.test(value)
}

function issuerProblem(value: unknown): string | undefined {
  const problem = textProblem(value) ?? addressProblem(value)
  if (problem !== undefined) return problem
  if (String(value).includes('?')) return 'must not have a query'
  return String(value).length > MAX_ISSUER_LENGTH ? `is too long (at most ${MAX_ISSUER_LENGTH} characters)` : undefined
}

/** Keys that cross a network unencrypted could be exchanged there. */
function addressProblem(value: unknown): string | undefined {
  const url = typeof value === 'string' && !/\s/.test(value) ? URL.parse(value) : null
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url.hostname))
  if (!url || !isSafe) return `must be an address that starts with https://, not ${shown(String(value))}`
  if (url.username || url.password || url.hash) return 'must be a plain address, without user name or fragment'
  try {
    entryForPlatform(url.origin)
    return undefined
  } catch {
    return `has a host name that cannot be one: ${shown(String(value))}`
  }
}

function listProblem(names: readonly string[]): (value: unknown) => string | undefined {
  return (value) =>
    Array.isArray(value) && value.length > 0 && value.every((name) => names.includes(name))
      ? undefined
      : `must be a list of some of ${names.join(', ')}`
}

function claimsProblem(value: unknown): string | undefined {
  return isObject(value) && Object.values(value).every(isRequirable)
    ? undefined
    : 'must be an object whose values are texts, numbers, true, false, or such objects'
}

function isRequirable(value: unknown): boolean {
  if (isObject(value)) return Object.keys(value).length > 0 && Object.values(value).every(isRequirable)
  return ['string', 'number', 'boolean'].includes(typeof value)
}

/**
 * Whoever has an account there gets JWTs with any audience.
 * https://docs.github.com/en/actions/reference/security/oidc, https://docs.gitlab.com/ci/secrets/id_token_authentication/,
 * https://developers.google.com/identity/openid-connect/openid-connect,
 * https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc (9188040d… is that of personal accounts),
 * https://buildkite.com/docs/pipelines/security/oidc,
 * https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials
 */
const FOR_EVERYBODY = [
  /^https:\/\/token\.actions\.githubusercontent\.com(\/|$)/,
  /^https:\/\/gitlab\.com\/?$/,
  /^https:\/\/accounts\.google\.com\/?$/,
  /^https:\/\/(login\.microsoftonline\.com|sts\.windows\.net)\/(common|organizations|consumers|9188040d-6c67-4c5b-b112-36a304b66dad)(\/|$)/,
  /^https:\/\/agent\.buildkite\.com\/?$/,
  /^https:\/\/app\.terraform\.io\/?$/,
]

function isForEverybody(issuer: string): boolean {
  const { origin = '', pathname = '' } = URL.parse(issuer) ?? {}
  return FOR_EVERYBODY.some((pattern) => pattern.test(origin + pathname))
}
