// What the OAuth of all platforms shares: grants, codes with PKCE, token pairs, rotation and revocation.

import { createHash, randomBytes } from 'node:crypto'
import type { OAuthRules } from '../site.ts'
import type { Grant, RefreshToken, Token, World } from '../state.ts'

export interface Issued {
  token: Token
  refreshToken: RefreshToken | null
}

export function findClient(world: World, id: string | null, secret?: string | null) {
  return world.oauthClients.find((client) => client.id === id && (secret === undefined || client.secret === secret))
}

const callbackPath = /\/users\/[^/]+\/callback$/
const loopbackHosts = ['localhost', '127.0.0.1', '[::1]']

export function mayRedirectTo(rules: OAuthRules, world: World, address: string): boolean {
  const { anyLoopbackCallback, redirectUris } = world.settings.oauth
  if (!URL.canParse(address)) return false
  const asked = new URL(address)
  if (redirectUris.includes(address)) return true
  if (anyLoopbackCallback && loopbackHosts.includes(asked.hostname) && callbackPath.test(asked.pathname)) return true
  if (!rules.redirectsBelow) return false
  return redirectUris.some((registered) => {
    const known = new URL(registered)
    return known.host === asked.host && `${asked.pathname}/`.startsWith(`${known.pathname.replace(/\/$/, '')}/`)
  })
}

export function newGrant(rules: OAuthRules, world: World, grant: Omit<Grant, 'code' | 'expiresAt' | 'used'>): Grant {
  const made = { ...grant, code: rules.newCode(world), expiresAt: world.now() + 600_000, used: false }
  world.grants.push(made)
  return made
}

/** Uses up a code and returns its grant; undefined when code, client, address or verifier are wrong. */
export function redeemCode(world: World, clientId: string, params: URLSearchParams): Grant | undefined {
  const grant = world.grants.find((candidate) => candidate.code === params.get('code'))
  if (grant === undefined || grant.used || grant.expiresAt <= world.now() || grant.clientId !== clientId)
    return undefined
  if (!verifierFits(grant, params.get('code_verifier'))) return undefined
  grant.used = true
  return grant
}

function verifierFits(grant: Grant, verifier: string | null): boolean {
  if (grant.codeChallenge === null) return true
  if (verifier === null) return false
  return createHash('sha256').update(verifier).digest('base64url') === grant.codeChallenge
}

export function redirectFits(rules: OAuthRules, world: World, params: URLSearchParams): boolean {
  const grant = world.grants.find((candidate) => candidate.code === params.get('code'))
  const given = params.get('redirect_uri')
  if (grant === undefined) return true
  return given === null ? rules.redirectUriOptional : given === grant.redirectUri
}

export function issueFor(rules: OAuthRules, world: World, grant: Grant): Issued {
  const { clientId, userId, scopes, redirectUri } = grant
  return issue(rules, world, { clientId, userId, scopes, redirectUri, family: randomHex(8) }, grant.offline)
}

type Issue = Pick<RefreshToken, 'clientId' | 'userId' | 'scopes' | 'redirectUri' | 'family'>

function issue(rules: OAuthRules, world: World, asked: Issue, offline: boolean): Issued {
  const { clientId, userId, scopes, redirectUri, family } = asked
  const { expiring, accessTokenSeconds, refreshTokenSeconds } = world.settings.oauth
  const expires = expiring || offline
  const token: Token = {
    value: rules.newAccessToken(world, clientId),
    purpose: 'oauth',
    userId,
    ...rules.access(clientId, scopes),
    repositoryIds: null,
    ssoAuthorized: [],
    createdAt: isoDate(world.now()),
    expiresAt: expires ? isoDate(world.now() + accessTokenSeconds * 1000) : null,
    revoked: false,
    oauth: { clientId, family },
  }
  world.tokens.push(token)
  if (!expires) return { token, refreshToken: null }
  const refreshToken: RefreshToken = {
    value: rules.newRefreshToken(world),
    accessToken: token.value,
    clientId,
    userId,
    scopes,
    family,
    redirectUri,
    expiresAt: refreshTokenSeconds === null ? null : world.now() + refreshTokenSeconds * 1000,
    spent: false,
    revoked: false,
  }
  world.refreshTokens.push(refreshToken)
  return { token, refreshToken }
}

/**
 * A new pair for an old refresh token. The old pair becomes invalid; using the old token again revokes the whole
 * family.
 */
export function refresh(rules: OAuthRules, world: World, clientId: string, value: string | null): Issued | undefined {
  const old = world.refreshTokens.find((candidate) => candidate.value === value)
  if (old === undefined || old.clientId !== clientId || old.revoked) return undefined
  if (old.spent) {
    revokeFamily(world, old.family)
    return undefined
  }
  if (old.expiresAt !== null && old.expiresAt <= world.now()) return undefined
  old.spent = true
  for (const token of world.tokens) if (token.value === old.accessToken) token.revoked = true
  return issue(rules, world, old, true)
}

/** Revokes the access token and the refresh token that came with it, but neither earlier nor later pairs. */
export function revokePair(world: World, accessToken: string): void {
  for (const token of world.tokens) if (token.value === accessToken) token.revoked = true
  for (const token of world.refreshTokens) if (token.accessToken === accessToken) token.revoked = true
}

export function revokeFamily(world: World, family: string): void {
  for (const token of world.tokens) if (token.oauth?.family === family) token.revoked = true
  for (const token of world.refreshTokens) if (token.family === family) token.revoked = true
}

function isoDate(time: number): string {
  return new Date(time).toISOString()
}

export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}
