// Why GitHub answers 403: its message decides first, then its headers. The "accepted" headers also come with successes.

import { Failure } from '../../failure.ts'
import { membersOf } from '../answers.ts'
import { scmTypes } from '../scm-types.ts'
import type { RawAnswer } from '../transport/guard.ts'
import { lackedOf, permissionMissing, rateLimited, type Site, says, scopeMissing, ssoRequired } from './failures.ts'
import { scopesOf } from './scopes.ts'

type Reading = (site: Site, answer: RawAnswer, url?: URL) => Failure

/** By the words of GitHub's message; the first match counts. */
const READINGS: [words: RegExp, read: Reading][] = [
  // https://docs.github.com/en/enterprise-cloud@latest/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/managing-allowed-ip-addresses-for-your-organization
  [/\bIP allow list\b/i, addressNotAllowed],
  // https://github.com/NixOS/org/issues/247, https://github.com/refined-github/refined-github/issues/6951
  [/\bforbids access via\b/i, tokenForbidden],
  // https://github.com/gitbutlerapp/gitbutler/issues/8594
  [/\bOAuth App access restrictions\b/i, applicationNotApproved],
  [/\bsuspended\b/i, suspended],
  // https://docs.github.com/en/rest/authentication/authenticating-to-the-rest-api#failed-login-limit
  [/\bnumber of login attempts?\b/i, rateLimited],
  // https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
  [/\brate limit\b|\babuse detection\b/i, rateLimited],
  [/^resource not accessible by\b/i, (site, { headers }, url) => permissionMissing(site, headers, url)],
  [/\bSAML (enforcement|SSO)\b/i, (site) => ssoRequired(site, '')],
  // "You need at least read:org scope or user scope to list your organizations."
  [/\bscopes?\b/i, scopeNamed],
]

export function forbidden(site: Site, answer: RawAnswer, url?: URL): Failure {
  const { headers } = answer
  const found = READINGS.find(([words]) => says(answer, words))
  if (found) return found[1](site, answer, url)
  if (headers['x-ratelimit-remaining'] === '0' || headers['retry-after'] !== undefined) return rateLimited(site, answer)
  return (says(answer, /./) ? null : byHeaders(site, headers, url)) ?? unknownReason(site)
}

/** For an answer whose message says nothing. */
function byHeaders(site: Site, headers: RawAnswer['headers'], url: URL | undefined): Failure | null {
  const lacked = lackedOf(headers)
  if (lacked.length > 0) return scopeMissing(site, lacked)
  const isTold = /=(read|write|admin)\b/.test(headers['x-accepted-github-permissions'] ?? '')
  return isTold && scopesOf(headers) === null ? permissionMissing(site, headers, url) : null
}

function unknownReason({ scmType, webUrl }: Site): Failure {
  return new Failure(
    'scm_forbidden',
    `${scmTypes[scmType].label} refuses this to the account. Sign in at ${webUrl} to see whether it is suspended or an organisation restricts its access.`,
  )
}

function addressNotAllowed({ scmType }: Site, answer: RawAnswer): Failure {
  return new Failure(
    'scm_forbidden',
    `${scmTypes[scmType].label} refuses this server's address: ${organizationIn(answer)} lets only the addresses of its IP allow list in. The operator of this server has to have its address added there; another token does not help.`,
  )
}

/** GitHub's own sentence says which kind or age of token it rejects, and where that can be changed. */
function tokenForbidden({ scmType }: Site, answer: RawAnswer): Failure {
  const { message } = membersOf(answer.body)
  const sentence = asText(String(message))
  return new Failure(
    'scm_forbidden',
    `${scmTypes[scmType].label} refuses the token by a policy of its organisation or enterprise: "${sentence}"`,
  )
}

/** Only for OAuth tokens. The page asks the organisation's owners for approval. */
function applicationNotApproved({ webUrl, clientId }: Site, answer: RawAnswer): Failure {
  const told = answer.headers['x-oauth-client-id'] ?? clientId ?? ''
  const page = /^[A-Za-z0-9._-]{1,100}$/.test(told) ? `connections/applications/${told}` : 'applications'
  const url = `${webUrl}/settings/${page}`
  return new Failure(
    'scm_forbidden',
    `${organizationIn(answer)} has not approved this server's OAuth application, and restricts such access. Ask an owner of it to approve the application: ${url}`,
    { hint: { action: 'authorise', url } },
  )
}

function suspended({ scmType, webUrl }: Site): Failure {
  return new Failure(
    'scm_forbidden',
    `${scmTypes[scmType].label} has suspended the account or the application that made the token. Sign in at ${webUrl} to see why; another token does not help.`,
    { ofAccount: true },
  )
}

/** The headers say which scope the token lacks; without them, the message names the scopes that would do. */
function scopeNamed(site: Site, answer: RawAnswer): Failure {
  const lacked = lackedOf(answer.headers)
  const { message } = membersOf(answer.body)
  const named = [...String(message).matchAll(/\b((?:read|write|admin):[a-z_]+|user:[a-z_]+|repo|user)\b/g)]
  const scopes = lacked.length > 0 ? lacked : [...new Set(named.map(([scope]) => scope))].slice(0, 5)
  return scopes.length > 0 ? scopeMissing(site, scopes) : unknownReason(site)
}

/** "The organisation acme" of "the `acme` organization has …", or "An organisation" where it names none in that form. */
function organizationIn({ body }: RawAnswer): string {
  const { message } = membersOf(body)
  const [, quote, name] = /(`|')([A-Za-z0-9][A-Za-z0-9-]{0,99})\1 organization/.exec(String(message)) ?? []
  return quote === undefined ? 'An organisation or enterprise' : `The organisation ${name}`
}

const MAX_SENTENCE = 400

/** A platform's text: one line, of limited length, without control characters. */
function asText(sentence: string): string {
  return sentence
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_SENTENCE)
}
