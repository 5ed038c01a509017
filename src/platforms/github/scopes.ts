// Which scopes a classic or OAuth token of GitHub has, and which it lacks for what we call.
import { neededScopes, type Scope } from '../vendor.ts'

/** https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps */
export const SCOPES: Scope[] = [
  { name: 'user:email', meaning: 'your e-mail addresses', use: 'needed' },
  { name: 'read:org', meaning: 'which organisations you are a member of', use: 'needed' },
  { name: 'read:public_key', meaning: 'your SSH public keys', use: 'needed' },
  {
    name: 'repo',
    meaning: 'your private repositories (GitHub has no scope for reading alone; nothing is written)',
    use: 'optional',
  },
]

const NEEDED = neededScopes(SCOPES)

/**
 * What a scope includes, besides the rule that `admin:X` includes `write:X`, which includes `read:X`. GitHub shortens
 * the granted scopes by these rules ("Normalized scopes"):
 * https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
 */
const INCLUDES: Record<string, string[]> = {
  repo: ['repo:status', 'repo_deployment', 'public_repo', 'repo:invite', 'security_events'],
  user: ['read:user', 'user:email', 'user:follow'],
  project: ['read:project'],
  'admin:org': ['manage_runners:org'],
  'admin:enterprise': ['manage_runners:enterprise', 'manage_billing:enterprise', 'read:enterprise', 'scim:enterprise'],
  audit_log: ['read:audit_log'],
  codespace: ['codespace:secrets'],
  copilot: ['manage_billing:copilot'],
}

/** Each of these also lists organisations, without including `read:org`, as the header of `GET /user/orgs` says. */
const LIST_ORGANIZATIONS = ['user', 'repo']

/** GitHub has about fifty; headers are at most 16 kB. */
const MAX_SCOPES = 100

/** A client id of a GitHub App; those of OAuth apps are 20 hexadecimal digits or begin with `Ov`. */
const APP_CLIENT_ID = /^Iv/

/**
 * null when GitHub does not say: fine-grained tokens have no `X-OAuth-Scopes`, and for a GitHub App's user token it is
 * always empty. If it is empty and the client id is not an App's, it is a classic token without scopes.
 */
export function scopesOf(headers: Record<string, string>): string[] | null {
  const told = headers['x-oauth-scopes']
  if (told === undefined) return null
  const scopes = scopesIn(told)
  return scopes.length === 0 && isAppToken(headers) ? null : scopes
}

export function isAppToken(headers: Record<string, string>): boolean {
  return APP_CLIENT_ID.test(headers['x-oauth-client-id'] ?? '')
}

/** The scopes in a comma-separated list. */
export function scopesIn(list: string): string[] {
  return list
    .split(',')
    .map((scope) => scope.trim())
    .filter((scope) => /^[a-z][a-z0-9:_]*$/.test(scope))
    .slice(0, MAX_SCOPES)
}

/** `asked`: what an OAuth application asks for in addition. `offline_access` is never a scope of a token. */
export function missingScopes(granted: string[] | null, asked: string[] = []): string[] {
  if (granted === null) return []
  const wanted = new Set([...NEEDED, ...asked.filter((scope) => scope !== 'offline_access')])
  const listsOrganizations = granted.some((scope) => LIST_ORGANIZATIONS.includes(scope))
  return [...wanted].filter((scope) => !covers(granted, scope) && !(scope === 'read:org' && listsOrganizations))
}

/** The scopes that our calls need and `granted` does not include, to name them when a call was rejected. */
export function notIncluded(granted: string[]): string[] {
  return NEEDED.filter((scope) => !covers(granted, scope))
}

/** Whether `scope` is granted, directly or within a wider scope. */
export function covers(granted: string[], scope: string): boolean {
  return granted.some((candidate) => candidate === scope || includedIn(candidate).includes(scope))
}

function includedIn(scope: string): string[] {
  const [, level, subject] = /^(admin|write):(.+)$/.exec(scope) ?? []
  const narrower =
    level === undefined ? [] : level === 'admin' ? [`write:${subject}`, `read:${subject}`] : [`read:${subject}`]
  return [...(INCLUDES[scope] ?? []), ...narrower]
}
