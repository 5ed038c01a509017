// Linking by OAuth in tests: the way through our pages, the platform's page and back.

import type { Sandbox, SandboxPlatform } from '../../sandbox/sandbox.ts'
import type { Environment } from '../../src/config.ts'
import { type Browser, plain } from './browser.ts'
import type { Answer } from './service.ts'

export type OAuthName = 'github' | 'gitlab'
export const OAUTH_NAMES: OAuthName[] = ['github', 'gitlab']

/** Settings that make the sandbox github.com and gitlab.com. */
export function oauthSettings({ platforms }: Sandbox): Environment {
  const { github, gitlab } = platforms
  return {
    GITHUB_URL: github.url,
    GITHUB_CLIENT_ID: github.oauth.id,
    GITHUB_CLIENT_SECRET: github.oauth.secret,
    GITLAB_URL: gitlab.url,
    GITLAB_CLIENT_ID: gitlab.oauth.id,
    GITLAB_CLIENT_SECRET: gitlab.oauth.secret,
  }
}

/** As far as the platform's page; `again`: the id of the link to make again. */
export async function beginLinking(browser: Browser, name: OAuthName, again?: string): Promise<string> {
  const page = await browser.get(`/users/${name}/link${again === undefined ? '' : `?again=${again}`}`)
  return goesTo(await browser.submit(page))
}

/** Where a page leads on to by itself, as its link does too; throws when it leads nowhere. */
export function goesTo({ status, text }: Answer): string {
  const [, refresh] = /<meta http-equiv="refresh" content="0; url=([^"]*)">/.exec(text) ?? []
  const [, link] = /<a class="button" href="([^"]*)">Continue to /.exec(text) ?? []
  if (status !== 200 || !refresh || refresh !== link) throw new Error(`the link form answered ${status}: ${text}`)
  return plain(refresh)
}

/** What its person does on the platform's page; the address that it sends the browser back to. */
export async function decide(
  browser: Browser,
  authorizeAddress: string,
  { user = 'alice', decision = 'allow', granted }: { user?: string; decision?: string; granted?: string[] } = {},
): Promise<string> {
  const page = await browser.get(authorizeAddress)
  const asked = (new URL(authorizeAddress).searchParams.get('scope') ?? '').split(' ')
  const answer = await browser.submit(page, { user, decision, granted: granted ?? asked })
  if (answer.status !== 302) throw new Error(`the platform answered ${answer.status}: ${answer.text}`)
  return answer.headers.get('location') ?? ''
}

/** All of it; throws unless it ends on the profile page. */
export async function linkByOAuth(
  browser: Browser,
  name: OAuthName,
  options: { user?: string; granted?: string[]; again?: string } = {},
): Promise<string> {
  const answer = await browser.get(await decide(browser, await beginLinking(browser, name, options.again), options))
  const [, id] = /^\/profile\?linked=([0-9a-f-]{36})$/.exec(answer.headers.get('location') ?? '') ?? []
  if (!id) throw new Error(`the callback answered ${answer.status}: ${answer.text}`)
  return id
}

/** Calls of the token endpoint so far, but not those that ask in the background whether our application is taken. */
export function tokenCalls(platform: SandboxPlatform) {
  return platform.requests.filter(({ method, path, body }) => {
    return method === 'POST' && /\/oauth\/(access_)?token$/.test(path) && !body.includes('code=none&')
  })
}

/** The refresh tokens that were spent so far, in order. */
export function refreshCalls(platform: SandboxPlatform): string[] {
  return tokenCalls(platform)
    .map(({ body }) => new URLSearchParams(body).get('refresh_token'))
    .filter((token) => token !== null)
}

/** The tokens that OAuth has given out and that still work. */
export function livingTokens({ state }: SandboxPlatform): string[] {
  const now = state.now()
  return state.tokens
    .filter(
      ({ oauth, revoked, expiresAt }) => oauth !== null && !revoked && !(expiresAt && Date.parse(expiresAt) <= now),
    )
    .map(({ value }) => value)
}

/** The tokens that were sent to be revoked so far, in order. */
export function revokedTokens({ requests }: SandboxPlatform): string[] {
  return requests.flatMap(({ method, path, body }) => {
    if (method === 'POST' && path.endsWith('/oauth/revoke')) return [new URLSearchParams(body).get('token') ?? '']
    return method === 'DELETE' && path.includes('/applications/') ? [JSON.parse(body).access_token] : []
  })
}

/** What a page has as its heading. */
export function headingOf({ text }: Answer): string {
  return /<h1>([^<]*)<\/h1>/.exec(text)?.[1] ?? ''
}
