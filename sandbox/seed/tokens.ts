// The tokens of the sandbox, by person and purpose. Their values name both, and say that they are no secret.

import type { Site } from '../site.ts'
import type { Token } from '../state.ts'
import { people } from './people.ts'
import type { TokenRow } from './vendor-seed.ts'

const everybody: TokenRow[] = [
  [people.johnDiggle, 'JohnDiggle', 'full', {}],
  [people.bob, 'Bob', 'full', {}],
  [people.carol, 'Carol', 'full', {}],
  [people.dave, 'Dave', 'full', {}],
]

export function seedTokens(site: Site): Token[] {
  return [...site.vendor.seed.tokenRows(site), ...everybody].map((row) => tokenOf(site, row))
}

export function oauthClient(site: Site): { id: string; secret: string } {
  return { id: site.vendor.seed.clientId(site), secret: `sandbox-${site.name}-client-secret` }
}

function tokenOf({ tag, vendor }: Site, [userId, username, purpose, own]: TokenRow): Token {
  const kind = own.kind ?? 'personal'
  const token = {
    value: tokenValue(vendor.seed.tokenPrefix(kind), `${tag}${username}${camel(purpose)}`),
    purpose,
    kind,
    userId,
    ...vendor.seed.tokenDefaults(kind),
    repositoryIds: null,
    ssoAuthorized: ['sso-corp'],
    createdAt: '2025-01-01T00:00:00Z',
    revoked: false,
    oauth: null,
    ...own,
  }
  const soon = () => new Date(Date.now() + 3 * 86_400_000).toISOString()
  return { ...token, expiresAt: token.expiresAt === 'soon' ? soon() : token.expiresAt }
}

/** As long as the vendor's own tokens, padded with zeros. */
function tokenValue(prefix: string, name: string): string {
  return `${prefix}sandbox${name}`.padEnd(prefix === 'github_pat_' ? 93 : 40, '0')
}

function camel(purpose: string): string {
  return purpose.replace(/(^|-)([a-z])/g, (_, _dash: string, letter: string) => letter.toUpperCase())
}
