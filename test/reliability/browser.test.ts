// Reliability section 8: what browsers are told, cookies, forged requests, and where a browser is sent on to.
//
// The sign-in page's own refusals, its cookie and `return_to` in general: test/sessions.test.ts. State, PKCE, issuer and
// single use of OAuth: test/oauth/denied.test.ts. Who may ask what: test/reliability/isolation.test.ts.
// Pictures and texts of platforms: browser-hostile.test.ts.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, openBrowser, ownAddress, readForm, sessionCookieOf } from '../support/browser.ts'
import { headingOf } from '../support/oauth.ts'
import { listRoutes } from '../support/routes.ts'
import { type Account, type Answer, type Service, send, startService } from '../support/service.ts'

const NIL_UUID = '00000000-0000-0000-0000-000000000000'
const OAUTH = {
  GITHUB_URL: 'https://ghe.example.test:8443',
  GITHUB_CLIENT_ID: 'id',
  GITHUB_CLIENT_SECRET: 'secret',
  GITLAB_CLIENT_ID: 'id',
  GITLAB_CLIENT_SECRET: 'secret',
}
const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'nonce-N'; img-src 'self' data:; " +
  "form-action 'self'; " +
  "base-uri 'none'; object-src 'none'; frame-ancestors 'none'"

let service: Service
let alice: Account
let browser: Browser
let routes: { method: string; path: string }[] = []

beforeAll(async () => {
  service = await startService('SQLite', { ...(await ownAddress()), ...OAUTH })
  alice = await service.addAccount('alice')
  browser = openBrowser(service)
  await browser.signIn(alice)
  routes = (await listRoutes(service)).map((route) => {
    const [method = '', path = ''] = route.split(' ')
    return { method, path: path.replace(':id', NIL_UUID) }
  })
})
afterAll(() => service.close())

describe('headers', () => {
  /** Kept by browsers: the same for everybody, or the caller's own picture. */
  const KEPT = ['/pages.css', '/favicon.ico']
  const PAGES =
    /^\/($|profile|repositories|pull-requests|keys|tokens|activity|account|administration|sign-in|docs|users\/|link-sessions\/|invitations\/)/

  function seen({ headers }: Answer) {
    const policy = headers.get('content-security-policy')
    return {
      policy: policy?.replace(/'nonce-[A-Za-z0-9+/]{22}=='/, "'nonce-N'") ?? null,
      sniff: headers.get('x-content-type-options'),
      referrer: headers.get('referrer-policy'),
      cache: headers.get('cache-control'),
    }
  }
  const ofPage = { policy: PAGE_POLICY, sniff: 'nosniff', referrer: 'same-origin', cache: 'no-store' }
  const ofApi = { policy: null, sniff: 'nosniff', referrer: null, cache: 'no-store' }

  it('are on the answer of every route, whoever asks', async () => {
    const pages: string[] = []
    for (const { method, path } of routes) {
      for (const who of [browser, openBrowser(service)]) {
        const isSignOut = path === '/sign-out'
        const answer = await (method === 'GET' ? who.get(path) : who.post(path, isSignOut ? { csrf: 'x' } : {}))
        const isPage = PAGES.test(path) || isSignOut
        if (isPage) pages.push(path)
        const cache = KEPT.includes(path) ? answer.headers.get('cache-control') : 'no-store'
        // Its address is a secret: not even a request for a file of ours names it.
        const referrer = path.startsWith('/invitations/') ? { referrer: 'strict-origin' } : {}
        expect([method, path, seen(answer)]).toEqual([
          method,
          path,
          { ...(isPage ? ofPage : ofApi), ...referrer, cache },
        ])
        expect([path, answer.headers.get('access-control-allow-origin')]).toEqual([path, null])
        expect([path, /text\/html/.test(answer.headers.get('content-type') ?? '') && !isPage]).toEqual([path, false])
      }
    }
    expect(new Set(pages).size).toBe(27)
  })

  it.each<[string, string, Record<string, string>, number, 'page' | 'api']>([
    ['a page that is not there', '/nowhere', { accept: 'text/html' }, 404, 'page'],
    ['the same for programs', '/nowhere', {}, 404, 'api'],
    ['an API path that is not there', '/v1/nowhere', { accept: 'text/html' }, 404, 'api'],
    ['a callback that nobody began', '/users/github/callback?code=x&state=y', {}, 400, 'page'],
    ['a callback with an error', '/users/gitlab/callback?error=access_denied&state=x', {}, 400, 'page'],
    ['an address that is too long', `/v1/keys?${'x'.repeat(8_200)}`, {}, 414, 'api'],
  ])('of %s', async (_name, path, headers, status, kind) => {
    const answer = await browser.get(path, headers)
    expect([answer.status, seen(answer)]).toEqual([status, kind === 'page' ? ofPage : ofApi])
  })

  it('have another nonce each time, and pages have no script of their own in them', async () => {
    const answers = await Promise.all(['/sign-in', '/docs', '/docs', '/docs'].map((path) => browser.get(path)))
    const nonces = answers.map(({ headers }) => /nonce-([^']+)/.exec(headers.get('content-security-policy') ?? '')?.[1])
    expect(new Set(nonces).size).toBe(4)
    for (const { text } of answers) {
      expect(text).not.toMatch(/<script(?! src="\/)|\son[a-z]+="|style="|javascript:/)
    }
  })
})

describe('cookies over https', () => {
  it('are of the host alone, renewed at sign-in, taken away at sign-out, and no other name counts', async () => {
    const secure = await startService('SQLite', { PUBLIC_URL: 'https://forgelink.example.test' })
    try {
      const origin = { origin: 'https://forgelink.example.test' }
      const account = await secure.addAccount('carol')
      const visitor = openBrowser(secure)
      const page = await visitor.get('/sign-in')
      const fields = { login: account.username, password: account.password }
      const [before] = page.headers.getSetCookie()
      const attributes =
        /^__Host-forgelink=([A-Za-z0-9_-]{43}); Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=43200$/
      expect(before).toMatch(attributes)
      const signedIn = await visitor.submit(page, fields, origin)
      const [after = ''] = signedIn.headers.getSetCookie()
      expect([signedIn.status, attributes.test(after), after === before]).toEqual([303, true, false])
      // The other one is the device's, which tells that this browser has signed in before.
      expect(signedIn.headers.getSetCookie()).toEqual([
        after,
        expect.stringMatching(
          /^__Host-forgelink-device=[A-Za-z0-9._-]{100,200}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=2592000$/,
        ),
      ])

      const [, value = ''] = attributes.exec(after) ?? []
      const status = async (cookie: string) =>
        (await send('GET', `${secure.url}/session`, undefined, { cookie })).status
      expect(await status(`__Host-forgelink=${value}`)).toBe(200)
      for (const name of ['forgelink', '__Secure-forgelink', '__host-forgelink', 'x__Host-forgelink']) {
        expect([name, await status(`${name}=${value}`)]).toEqual([name, 401])
      }
      const { json } = await visitor.get('/session')
      const out = await visitor.post('/sign-out', { csrf: json.session.csrf_token }, origin)
      expect(out.headers.getSetCookie()).toEqual([
        '__Host-forgelink=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0',
      ])
      expect(await status(`__Host-forgelink=${value}`)).toBe(401)
    } finally {
      await secure.close()
    }
  })

  it('are set by no call of a program, and over http the name for https does not count', async () => {
    for (const path of ['/v1/users/self', '/v1/keys', '/healthz', '/openapi.json']) {
      expect((await alice.call('GET', path)).headers.getSetCookie()).toEqual([])
    }
    const cookie = `__Host-${sessionCookieOf(browser)}`
    expect((await send('GET', `${service.url}/session`, undefined, { cookie })).status).toBe(401)
  })
})

describe('a write that no page of ours has sent', () => {
  /** Where a session is no credential, or nothing is signed in to yet. */
  const NOT_BY_SESSION: Record<string, number> = {
    '/v1/tokens/exchange': 401,
    // Their own cookie, of a link session that is there, comes first: test/link-sessions.
    [`/link-sessions/${NIL_UUID}/begin`]: 404,
    [`/link-sessions/${NIL_UUID}/oauth`]: 404,
    [`/link-sessions/${NIL_UUID}/token`]: 404,
    [`/link-sessions/${NIL_UUID}/refuse`]: 404,
  }
  /** What a person's session may not do, however well it is sent: they are neither administrators nor delegates. */
  const NOT_FOR_THEM = ['admin_required', 'delegate_required']
  const FORMS = ['/sign-in', '/sign-out', '/users/github/link', '/users/gitlab/link']

  async function store(): Promise<string> {
    const { database } = service.services
    const tables = ['users', 'apiTokens', 'sessions', 'keys', 'scmIntegrations', 'oauthStates', 'revocations'] as const
    const rows = await Promise.all(tables.map((table) => database.selectFrom(table).selectAll().execute()))
    return JSON.stringify(rows, (name, value) => (/usedAt/i.test(name) ? undefined : value))
  }

  it('is refused on every route there is, and changes nothing', async () => {
    const csrf: string = (await browser.get('/session')).json.session.csrf_token
    const other = openBrowser(service)
    await other.signIn(alice)
    const ofAnother: string = (await other.get('/session')).json.session.csrf_token
    const cookie = `${sessionCookieOf(browser)}`
    const own = new URL(service.url)
    const forged: [name: string, token: string | null, origin: string | null][] = [
      ['no token', null, own.origin],
      ['an empty token', '', own.origin],
      ['a wrong token', 'x'.repeat(43), own.origin],
      ['the token of another session', ofAnother, own.origin],
      ['another origin', csrf, 'https://evil.example'],
      ['an origin that begins as ours', csrf, `${own.origin}.evil.example`],
      ['our host over https', csrf, `https://${own.host}`],
      ['our host on another port', csrf, `http://${own.hostname}:1`],
      ['a null origin', csrf, 'null'],
      ['no origin', csrf, null],
    ]
    // A wrong link is no form, and is slowed down: test/invitations.
    const writes = routes.filter(({ method, path }) => method !== 'GET' && !path.startsWith('/invitations/'))
    expect(writes.length).toBeGreaterThan(20)
    const before = await store()
    for (const { method, path } of writes) {
      const isForm = FORMS.includes(path)
      for (const [name, token, origin] of forged) {
        const fields = { name: 'x', content: 'x', login: alice.username, password: alice.password }
        const headers = {
          cookie,
          'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
          ...(origin !== null && { origin }),
          ...(token !== null && !isForm && { 'x-csrf-token': token }),
        }
        const form = { ...fields, ...(token !== null && { csrf: token }) }
        const body = isForm ? new URLSearchParams(form).toString() : form
        // The token is worth nothing in the address or, where a header is asked for, in the body.
        const answer = await send(method, `${service.url}${path}?csrf=${csrf}`, body, headers)
        const status = NOT_BY_SESSION[path] ?? 403
        expect([method, path, name, answer.status]).toEqual([method, path, name, status])
        if (status === 403 && !isForm) expect(answer.json.code).toBe('csrf')
        if (isForm) expect(headingOf(answer)).toBe(path === '/sign-in' ? 'Sign in' : 'That did not work')
        expect(answer.headers.getSetCookie()).toEqual([])
      }
    }
    expect(await store()).toBe(before)
    expect((await browser.get('/session')).status).toBe(200)
  })

  it('is what was refused: with token and origin each is taken', async () => {
    for (const { method, path } of routes.filter(({ method }) => method !== 'GET')) {
      const visitor = openBrowser(service)
      await visitor.signIn(
        await service.addAccount(`person-${routes.findIndex((route) => route.path === path)}-${method}`),
      )
      const { json } = await visitor.get('/session')
      const answer = FORMS.includes(path)
        ? await visitor.post(path, { csrf: json.session.csrf_token })
        : await visitor.call(method, path, {})
      const isForOthers = NOT_FOR_THEM.includes(answer.json?.code)
      expect([method, path, answer.status === 403 && !isForOthers]).toEqual([method, path, false])
    }
  })
})

describe('a browser is never sent elsewhere', () => {
  it.each([
    '/%2f%2fevil.example',
    '/%5cevil.example',
    '///evil.example',
    '/\\/evil.example',
    '\\\\evil.example',
    ' //evil.example',
    '/ /evil.example',
    '/\u0000/evil.example',
    '/\n/evil.example',
    '/keys\r\nLocation: https://evil.example',
    'http:evil.example',
    'https:/evil.example',
    '@evil.example',
    '.evil.example',
    '／／evil.example',
    '/／evil.example',
    '/..//evil.example',
    '/%2e%2e//evil.example',
    '/keys/../../..//evil.example',
    'data:text/html,x',
    'blob:https://evil.example/1',
    `/${'x'.repeat(2_048)}`,
  ])('by return_to %j', async (returnTo) => {
    const query = `return_to=${encodeURIComponent(returnTo)}`
    const page = await openBrowser(service).get(`/sign-in?${query}`)
    for (const where of [
      readForm(page.text).hidden.return_to ?? '',
      (await browser.get(`/sign-in?${query}`)).headers.get('location') ?? '',
      (await browser.get(`/sign-in?return_to=/keys&${query}`)).headers.get('location') ?? '',
    ]) {
      expect(where).toMatch(/^\/(?![/\\])[!-~]*$/)
      expect(new URL(where, service.url).origin).toBe(service.url)
    }
  })

  it.each([
    '/users/github/link?return_to=https://evil.example',
    '/users/github/link?again=https://evil.example',
    '/users/gitlab/link?again=//evil.example&redirect_uri=https://evil.example',
    '/users/github/callback?state=x&code=y&return_to=https://evil.example&redirect_uri=https://evil.example',
    '/profile?linked=//evil.example',
    '//evil.example',
    '//evil.example/profile',
    '/keys/..%2f%2fevil.example',
    '/%2f/evil.example',
  ])('by %s', async (path) => {
    for (const who of [browser, openBrowser(service)]) {
      const answer = await send('GET', `${service.url}${path}`, undefined, cookieOf(who))
      const location = answer.headers.get('location')
      if (location !== null) expect(location).toMatch(/^\/sign-in\?return_to=%2F(?!%2F|%5C)/)
      expect(answer.text).not.toMatch(/(href|action|src)="(https?:)?\/\/evil/)
      if (answer.text.includes('<form')) expect(readForm(answer.text).action).toMatch(/^\/users\//)
    }
  })

  function cookieOf(who: Browser): Record<string, string> {
    const cookie = sessionCookieOf(who)
    return cookie === undefined ? {} : { cookie }
  }
})
