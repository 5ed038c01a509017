// Reads the settings for signing in with an organisation's own OpenID provider.

import { parseBoolean, shown } from './values.ts'
import { parseServiceUrl } from './web-addresses.ts'

/** A claim that must have this value; where it is a list, the list must hold it. */
export interface ClaimRule {
  name: string
  value: string
}

/** The provider, and our client there. */
export interface OidcConfig {
  /** As the provider writes itself in `iss`, compared byte for byte. */
  issuer: string
  clientId: string
  clientSecret: string
  /** Separated by spaces. */
  scopes: string
  /** How the sign-in page calls it. */
  label: string
  subjectClaim: string
  createUsers: boolean
  requiredClaim: ClaimRule | null
  adminClaim: ClaimRule | null
}

/** Settings whose value is a secret. */
export const OIDC_SECRETS = ['OIDC_CLIENT_SECRET']

const NAMES = [
  'OIDC_CLIENT_ID',
  'OIDC_CLIENT_SECRET',
  'OIDC_SCOPES',
  'OIDC_LABEL',
  'OIDC_SUBJECT_CLAIM',
  'OIDC_CREATE_USERS',
  'OIDC_REQUIRED_CLAIM',
  'OIDC_ADMIN_CLAIM',
]

interface Reader {
  read<T>(name: string, fallback: T, parse: (text: string) => T): T
  env: Record<string, string | undefined>
  /** Gets a sentence for what concerns several settings. */
  problems: string[]
}

export function readOidc(
  { read, env, problems }: Reader,
  publicUrl: string,
): { oidc: OidcConfig | null; passwordSignIn: boolean } {
  const isSet = (name: string) => Boolean(env[name]?.trim())
  const problem = (text: string) => problems.push(text)
  const issuer = read<string | null>('OIDC_ISSUER', null, parseIssuer)
  const passwordSignIn = read('PASSWORD_SIGN_IN', true, parseBoolean)
  const oidc = {
    clientId: read('OIDC_CLIENT_ID', '', String),
    clientSecret: read('OIDC_CLIENT_SECRET', '', String),
    scopes: read('OIDC_SCOPES', 'openid profile email', parseScopes),
    label: read('OIDC_LABEL', 'single sign-on', parseLabel),
    subjectClaim: read('OIDC_SUBJECT_CLAIM', 'sub', parseSubjectClaim),
    createUsers: read('OIDC_CREATE_USERS', true, parseBoolean),
    requiredClaim: read<ClaimRule | null>('OIDC_REQUIRED_CLAIM', null, parseClaimRule),
    adminClaim: read<ClaimRule | null>('OIDC_ADMIN_CLAIM', null, parseClaimRule),
  }
  if (!isSet('OIDC_ISSUER')) {
    for (const name of NAMES.filter(isSet)) problem(`${name} needs OIDC_ISSUER: set it too, or take this one away`)
    if (!passwordSignIn) problem('PASSWORD_SIGN_IN is false, but without OIDC_ISSUER nobody could sign in: set it too')
  }
  if (issuer === null) return { oidc: null, passwordSignIn }
  for (const name of ['OIDC_CLIENT_ID', 'OIDC_CLIENT_SECRET']) {
    if (!isSet(name)) problem(`${name} is required with OIDC_ISSUER: the provider gives it to you`)
  }
  if (issuer.replace(/\/+$/, '') === publicUrl) problem('OIDC_ISSUER is the address of this server: name your provider')
  if (servesEverybody(issuer) && !isSet('OIDC_REQUIRED_CLAIM')) {
    problem(
      'OIDC_REQUIRED_CLAIM is required with this OIDC_ISSUER, where anybody in the world can have an account: name the claim that only your people have, such as hd:corp.example',
    )
  }
  return { oidc: { issuer, ...oidc }, passwordSignIn }
}

/**
 * Providers at which anybody can get an account or a token: without a rule of the operator's own everybody could sign in.
 * Entra ID's first three tenants stand for many, and the last is that of personal accounts:
 * https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc#find-your-apps-openid-configuration-document-uri
 */
const FOR_EVERYBODY: RegExp[] = [
  /^https:\/\/accounts\.google\.com\/?$/,
  /^https:\/\/(login\.microsoftonline\.com|sts\.windows\.net)\/(common|organizations|consumers|9188040d-6c67-4c5b-b112-36a304b66dad)(\/|$)/,
  /^https:\/\/gitlab\.com\/?$/,
  /^https:\/\/token\.actions\.githubusercontent\.com(\/|$)/,
  /^https:\/\/(appleid\.apple\.com|login\.salesforce\.com|slack\.com|api\.login\.yahoo\.com)\/?$/,
  /^https:\/\/(www\.facebook\.com|id\.twitch\.tv|www\.linkedin\.com)(\/|$)/,
]

function servesEverybody(issuer: string): boolean {
  return FOR_EVERYBODY.some((form) => form.test(issuer.toLowerCase()))
}

/** The text itself: a slash at its end is part of an issuer's name, as at Auth0. */
function parseIssuer(text: string): string {
  parseServiceUrl(text)
  const [, before] = /^(.*?)\/?\.well-known\//.exec(text) ?? []
  if (before !== undefined) throw new Error(`is the address of the provider's description; use ${before}`)
  return text
}

function parseScopes(text: string): string {
  const scopes = text.split(/[\s,]+/).filter((scope) => scope !== '')
  if (!scopes.includes('openid')) throw new Error(`must hold openid, not ${shown(text)}`)
  return scopes.join(' ')
}

const MAX_LABEL_LENGTH = 60

function parseLabel(text: string): string {
  if (text.length > MAX_LABEL_LENGTH || /\p{C}/u.test(text)) {
    throw new Error(`must be at most ${MAX_LABEL_LENGTH} characters of plain text`)
  }
  return text
}

const REASSIGNED = ['email', 'preferred_username', 'upn', 'unique_name', 'name', 'nickname']

function parseSubjectClaim(text: string): string {
  if (REASSIGNED.includes(text)) {
    throw new Error(`must not be ${text}, which may be another person's one day: use sub, or oid at Entra ID`)
  }
  if (!/^[\x21-\x7e]{1,200}$/.test(text)) throw new Error(`must be the name of a claim such as sub, not ${shown(text)}`)
  return text
}

/** `name:value`; a name may be an address, as in `https://corp.example/roles:admins`. */
function parseClaimRule(text: string): ClaimRule {
  const [, name, value] = /^([^\s:]+(?::\/\/[^\s:]+)?):(?!\/\/)(\S.*)$/.exec(text) ?? []
  if (!name || !value)
    throw new Error(`must be a claim and its value such as groups:forgelink-admins, not ${shown(text)}`)
  return { name, value }
}
