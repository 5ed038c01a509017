// What both platforms' OAuth have in common: grants, codes with PKCE, token pairs, rotation and revocation.

import { createHash, randomBytes } from 'node:crypto'
import { githubPermissions } from './seed/tokens.ts'
import type { Grant, RefreshToken, Token, World } from './state.ts'

export interface Issued {
  token: Token
  refreshToken: RefreshToken | null
}

export function findClient(world: World, id: string | null, secret?: string | null) {
  return world.oauthClients.find((client) => client.id === id && (secret === undefined || client.secret === secret))
}

const callbackPath = /\/users\/(github|gitlab)\/callback$/
const loopbackHosts = ['localhost', '127.0.0.1', '[::1]']

/** GitHub takes paths below a registered one, GitLab only exactly a registered one. */
export function mayRedirectTo(world: World, address: string): boolean {
  const { anyLoopbackCallback, redirectUris } = world.settings.oauth
  if (!URL.canParse(address)) return false
  const asked = new URL(address)
  if (redirectUris.includes(address)) return true
  if (anyLoopbackCallback && loopbackHosts.includes(asked.hostname) && callbackPath.test(asked.pathname)) return true
  if (world.flavour === 'gitlab') return false
  return redirectUris.some((registered) => {
    const known = new URL(registered)
    return known.host === asked.host && `${asked.pathname}/`.startsWith(`${known.pathname.replace(/\/$/, '')}/`)
  })
}

export function newGrant(world: World, grant: Omit<Grant, 'code' | 'expiresAt' | 'used'>): Grant {
  const code = world.settings.oauth.iam ? `gliamac-${randomHex(200)}` : randomHex(10)
  const made = { ...grant, code, expiresAt: world.now() + 600_000, used: false }
  world.grants.push(made)
  return made
}

/** The grant of a code, used up by this; undefined when code, client, address or verifier do not fit. */
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

export function redirectFits(world: World, params: URLSearchParams): boolean {
  const grant = world.grants.find((candidate) => candidate.code === params.get('code'))
  const given = params.get('redirect_uri')
  if (grant === undefined) return true
  return given === null ? world.flavour === 'github' : given === grant.redirectUri
}

export function issueFor(world: World, grant: Grant): Issued {
  const { clientId, userId, scopes, redirectUri } = grant
  return issue(world, { clientId, userId, scopes, redirectUri, family: randomHex(8) }, grant.offline)
}

type Issue = Pick<RefreshToken, 'clientId' | 'userId' | 'scopes' | 'redirectUri' | 'family'>

function issue(world: World, { clientId, userId, scopes, redirectUri, family }: Issue, offline: boolean): Issued {
  const { expiring, accessTokenSeconds, refreshTokenSeconds } = world.settings.oauth
  const expires = expiring || offline
  const isApp = isGithubApp(world, clientId)
  const token: Token = {
    value: newAccessToken(world, clientId),
    purpose: 'oauth',
    kind: isApp ? 'app-user' : 'oauth',
    userId,
    // A GitHub App asks for none: what it may do was chosen when it was made.
    scopes: isApp ? [] : scopes,
    permissions: isApp ? githubPermissions : [],
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
    value: newRefreshToken(world),
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

/** GitHub Apps take part in OAuth as well; their tokens have permissions and no scopes. */
function isGithubApp(world: World, clientId: string): boolean {
  return world.flavour === 'github' && clientId.startsWith('Iv')
}

function newAccessToken(world: World, clientId: string): string {
  if (world.flavour === 'github') return `${isGithubApp(world, clientId) ? 'ghu_' : 'gho_'}${randomHex(18)}`
  if (!world.settings.oauth.iam) return randomHex(32)
  const part = (bytes: number) => randomBytes(bytes).toString('base64url')
  return `gliamat-${part(60)}.${part(420)}.${part(256)}` // a JWT
}

function newRefreshToken(world: World): string {
  if (world.flavour === 'github') return `ghr_${randomHex(38)}`
  return world.settings.oauth.iam ? `gliamrt-${randomHex(64)}` : randomHex(32)
}

/** A new pair for an old refresh token; both old ones die, and showing a spent one again kills the whole family. */
export function refresh(world: World, clientId: string, value: string | null): Issued | undefined {
  const old = world.refreshTokens.find((candidate) => candidate.value === value)
  if (old === undefined || old.clientId !== clientId || old.revoked) return undefined
  if (old.spent) {
    revokeFamily(world, old.family)
    return undefined
  }
  if (old.expiresAt !== null && old.expiresAt <= world.now()) return undefined
  old.spent = true
  for (const token of world.tokens) if (token.value === old.accessToken) token.revoked = true
  return issue(world, old, true)
}

/** The access token and the refresh token that came with it; not what they were renewed from or to. */
export function revokePair(world: World, accessToken: string): void {
  for (const token of world.tokens) if (token.value === accessToken) token.revoked = true
  for (const token of world.refreshTokens) if (token.accessToken === accessToken) token.revoked = true
}

export function revokeFamily(world: World, family: string): void {
  for (const token of world.tokens) if (token.oauth?.family === family) token.revoked = true
  for (const token of world.refreshTokens) if (token.family === family) token.revoked = true
}

/** GitHub keeps ten tokens for each user, app and set of scopes; the oldest gives way. */
export function dropOldest(world: World, issued: Token): void {
  const same = world.tokens.filter((token) => {
    const ofSameApp = token.oauth?.clientId === issued.oauth?.clientId && token.userId === issued.userId
    return token.kind === 'oauth' && !token.revoked && ofSameApp && token.scopes.join() === issued.scopes.join()
  })
  const oldest = same.length > 10 ? same[0] : undefined
  if (oldest?.oauth) revokeFamily(world, oldest.oauth.family)
}

function isoDate(time: number): string {
  return new Date(time).toISOString()
}

function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}
