// PUBLIC_URL with a path, through HTTP: all of it below that path, whether the reverse proxy takes the path off or not.

import { existsSync, readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts'
import { builtDashboard } from '../src/http/dashboard.ts'
import { readConfig } from '../src/read-config.ts'
import { type Browser, openBrowser, ownAddress, readForm } from './support/browser.ts'
import { decide, goesTo, OAUTH_NAMES, oauthSettings } from './support/oauth.ts'
import { type PathProxy, startPathProxy } from './support/path-proxy.ts'
import { listRoutes } from './support/routes.ts'
import { type Account, type Answer, exchange, type Service, send, startService } from './support/service.ts'

const NIL_UUID = '00000000-0000-0000-0000-000000000000'
const COOKIE = /^forgelink[a-z0-9-]*=[^;]*; Path=\/forgelink; HttpOnly; SameSite=Lax; Max-Age=\d+$/

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ ports: 'free' })
})
afterAll(() => sandbox.close())

/** The addresses of the server itself that an answer gives to a browser. */
function ownAddresses({ text, headers }: Answer): string[] {
  const isPage = /text\/html/.test(headers.get('content-type') ?? '')
  const inPage = isPage ? [...text.matchAll(/\s(?:href|src|action|value)="(\/[^"]*)"/g)] : []
  const location = headers.get('location')
  return [...inPage.map(([, address = '']) => address), ...(location === null ? [] : [location])]
}

async function signIn(browser: Browser, { username, password }: Account, path: string): Promise<Answer> {
  return browser.submit(await browser.get(path), { login: username, password })
}

describe.each([
  ['takes the path off', true],
  ['leaves the path', false],
])('behind a proxy that %s', (_name, takesOff) => {
  let proxy: PathProxy
  let service: Service
  let account: Account
  let browser: Browser

  beforeAll(async () => {
    proxy = await startPathProxy('/forgelink', { takesOff })
    service = await startService('SQLite', { PUBLIC_URL: proxy.publicUrl, ...oauthSettings(sandbox) })
    proxy.target = service.url
    account = await service.addAccount('alice')
    browser = openBrowser({ url: proxy.origin })
    await signIn(browser, account, '/forgelink/sign-in')
  })
  afterAll(async () => {
    expect(proxy.outside).toEqual([])
    await service.close()
    await proxy.close()
  })

  it('every route answers as it does without a path, and gives addresses below it only', async () => {
    const plain = await startService('SQLite', { ...(await ownAddress()), ...oauthSettings(sandbox) })
    const ofPlain = await plain.addAccount('alice')
    const inPlain = openBrowser(plain)
    await inPlain.signIn(ofPlain)
    const asks: ((method: string, path: string) => Promise<[here: Answer, plain: Answer]>)[] = [
      async (method, path) => [
        await send(method, `${proxy.publicUrl}${path}`, undefined, { accept: 'text/html' }),
        await send(method, `${plain.url}${path}`, undefined, { accept: 'text/html' }),
      ],
      async (method, path) => [
        await send(method, `${proxy.publicUrl}${path}`, undefined, { authorization: `Bearer ${account.bearer}` }),
        await ofPlain.call(method, path),
      ],
      async (method, path) => [
        method === 'GET' ? await browser.get(`/forgelink${path}`) : await browser.post(`/forgelink${path}`, {}),
        method === 'GET' ? await inPlain.get(path) : await inPlain.post(path, {}),
      ],
    ]
    const seen: string[] = []
    for (const route of [...(await listRoutes(service)), 'GET /nowhere', 'GET /v1/nowhere']) {
      const [method = '', path = ''] = route.replace(':id', NIL_UUID).split(' ')
      for (const ask of asks) {
        const [here, there] = await ask(method, path)
        expect([route, here.status]).toEqual([route, there.status])
        expect([route, ownAddresses(here)]).toEqual([route, ownAddresses(there).map(below)])
        for (const line of here.headers.getSetCookie()) expect(line).toMatch(COOKIE)
        seen.push(...ownAddresses(here))
      }
    }
    expect(seen.length).toBeGreaterThan(100)
    await plain.close()
  })

  /** `/sign-in?return_to=%2Fkeys` as `/forgelink/sign-in?return_to=%2Fforgelink%2Fkeys`. */
  function below(address: string): string {
    return `/forgelink${address.replace('return_to=%2F', 'return_to=%2Fforgelink%2F')}`
  }

  it('signs in, on to where somebody wanted to go, and out', async () => {
    const fresh = openBrowser({ url: proxy.origin })
    const asked = await fresh.get('/forgelink/repositories?query=api')
    const wanted = '/forgelink/repositories?query=api'
    expect(asked.headers.get('location')).toBe(`/forgelink/sign-in?return_to=${encodeURIComponent(wanted)}`)
    const signedIn = await signIn(fresh, account, asked.headers.get('location') ?? '')
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([303, wanted])
    const { session } = (await fresh.get('/forgelink/session')).json
    expect(session.public_url).toBe(proxy.publicUrl)
    const out = await fresh.post('/forgelink/sign-out', { csrf: session.csrf_token })
    expect([out.status, out.headers.get('location')]).toEqual([303, '/forgelink/sign-in?notice=signed_out'])
    expect(out.headers.getSetCookie()).toEqual([expect.stringMatching(COOKIE)])
    expect((await fresh.get('/forgelink/session')).status).toBe(401)
  })

  it.each(OAUTH_NAMES)('links %s and comes back, shows its picture, and unlinks', async (name) => {
    const question = await browser.get(`/forgelink/users/${name}/link`)
    expect(readForm(question.text).action).toBe(`/forgelink/users/${name}/link`)
    const authorize = goesTo(await browser.submit(question))
    const callback = `${proxy.publicUrl}/users/${name}/callback`
    expect(new URL(authorize).searchParams.get('redirect_uri')).toBe(callback)
    const back = await decide(browser, authorize)
    expect(back.startsWith(`${callback}?`)).toBe(true)
    const linked = await browser.get(back)
    const [, id = ''] =
      /^\/forgelink\/profile\?linked=([0-9a-f-]{36})$/.exec(linked.headers.get('location') ?? '') ?? []
    expect([linked.status, id]).toEqual([303, expect.stringMatching(/./)])
    const picture = await browser.get(`/forgelink/avatars/${id}`)
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, expect.stringContaining('image/')])
    const csrf = (await browser.get('/forgelink/session')).json.session.csrf_token
    const url = `${proxy.publicUrl}/v1/scm_integrations/${id}`
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { cookie, origin: proxy.origin }
    expect((await send('DELETE', url, undefined, headers)).status).toBe(403)
    expect((await send('DELETE', url, undefined, { ...headers, 'x-csrf-token': csrf })).status).toBe(204)
  })

  it('a refused link leads back to pages below it', async () => {
    const question = await browser.get('/forgelink/users/github/link')
    const back = await decide(browser, goesTo(await browser.submit(question)), { decision: 'refuse' })
    const page = await browser.get(back)
    expect(page.status).toBe(400)
    expect(ownAddresses(page)).toEqual(expect.arrayContaining(['/forgelink/users/github/link', '/forgelink/profile']))
  })

  it('programs are told and served the same address', async () => {
    const bearer = await exchange(proxy.publicUrl, account.token)
    const headers = { authorization: `Bearer ${bearer}` }
    expect((await send('GET', `${proxy.publicUrl}/v1/users/self`, undefined, headers)).status).toBe(200)
    // As clients ask that are given their address with a slash at its end.
    expect((await send('GET', `${proxy.publicUrl}//v1/users/self`, undefined, headers)).status).toBe(200)
    const { regions } = (await send('GET', `${proxy.publicUrl}/v1/regions`)).json
    expect(regions[0]).toMatchObject({ api: proxy.publicUrl, dashboard: proxy.publicUrl })
    expect((await send('GET', `${proxy.publicUrl}/openapi.json`)).json.servers).toEqual([{ url: proxy.publicUrl }])
    const docs = (await send('GET', `${proxy.publicUrl}/docs`)).text
    expect(docs).toContain(`${proxy.publicUrl}/v1/keys`)
    expect(docs).toContain('<a href="/forgelink/openapi.json">/forgelink/openapi.json</a>')
    const body = { scm_integration: { scm_type: 'github', url: 'https://github.com', access_token: 'x' } }
    const rejected = await send('POST', `${proxy.publicUrl}/v1/scm_integrations`, body, headers)
    expect(rejected.json.errors.scm_type[0]).toContain(`${proxy.publicUrl}/users/github/link`)
    const nowhere = await send('GET', `${proxy.publicUrl}/nowhere`)
    expect(nowhere.json.error).toContain(' /forgelink/openapi.json ')
    const wrongMethod = await send('PUT', `${proxy.publicUrl}/v1/keys`, {}, headers)
    expect([wrongMethod.status, wrongMethod.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
  })
})

describe('with a path, asked directly', () => {
  let service: Service
  beforeAll(async () => {
    const { PORT, PUBLIC_URL } = await ownAddress()
    service = await startService('SQLite', {
      PORT,
      PUBLIC_URL: `${PUBLIC_URL}/tools/forge.link`,
      CORS_ORIGINS: 'https://portal.example.com',
      METRICS_TOKEN: 'secret',
    })
  })
  afterAll(() => service.close())

  it.each([
    ['/tools/forge.link/sign-in', 200],
    ['/sign-in', 200],
    ['/tools/forge.link', 303],
    ['/tools/forge.link/', 303],
    ['/tools/forge.link?x=1', 303],
    ['/', 303],
    ['/tools/forge.link/sign-in/', 200],
    ['//tools//forge.link//sign-in', 200],
    ['/tools/%66orge%2Elink/sign-in', 200],
    ['/tools/forge.link/v1/regions', 200],
    ['/tools/forge.link//v1/regions', 200],
    ['//v1/regions', 200],
    ['/tools/forge.link/healthz', 200],
    ['/tools/forge.link/readyz', 200],
    ['/tools/forge.link/favicon.ico', 200],
    ['/tools/forge.link/metrics', 401],
    ['/metrics', 401],
    ['/tools/forge.linkx/sign-in', 404],
    ['/tools/forge.link.evil/sign-in', 404],
    ['/tools/forgexlink/sign-in', 404],
    ['/Tools/forge.link/sign-in', 404],
    ['/tools/sign-in', 404],
    ['/forge.link/sign-in', 404],
    ['/tools%2Fforge.link/sign-in', 404],
    ['/x/tools/forge.link/sign-in', 404],
    ['/tools/forge.link/tools/forge.link/sign-in', 404],
    ['/tools/%E0%A4%A/sign-in', 404],
  ])('%s is answered with %i', async (path, status) => {
    expect((await send('GET', `${service.url}${path}`)).status).toBe(status)
  })

  it('another name of this machine leads to the public one', async () => {
    for (const path of ['/sign-in?return_to=/keys', '/tools/forge.link/sign-in?return_to=/keys']) {
      const answer = await send('GET', `${service.url.replace('127.0.0.1', 'localhost')}${path}`)
      const location = `${service.url}/tools/forge.link/sign-in?return_to=/keys`
      expect([answer.status, answer.headers.get('location')]).toEqual([307, location])
    }
  })

  it.each([
    ['/keys', '/tools/forge.link/keys'],
    ['/tools/forge.link/keys?a=1', '/tools/forge.link/keys?a=1'],
    ['/tools/forge.link', '/tools/forge.link/'],
    ['/tools/forge.linkx/keys', '/tools/forge.link/tools/forge.linkx/keys'],
    ['/tools/forge.link/../../other', '/tools/forge.link/other'],
    ['/other/program', '/tools/forge.link/other/program'],
    ['//evil.example', '/tools/forge.link/profile'],
    ['/tools/forge.link//evil.example', '/tools/forge.link//evil.example'],
    ['https://evil.example/tools/forge.link', '/tools/forge.link/profile'],
    ['', '/tools/forge.link/profile'],
  ])('return_to %j is %s', async (given, address) => {
    const page = await send('GET', `${service.url}/sign-in?return_to=${encodeURIComponent(given)}`)
    expect(readForm(page.text).hidden.return_to).toBe(address)
  })

  it('named origins may call the API below it', async () => {
    const headers = { origin: 'https://portal.example.com' }
    for (const path of ['/v1/regions', '/tools/forge.link/v1/regions']) {
      const { headers: told } = await send('GET', `${service.url}${path}`, undefined, headers)
      expect([path, told.get('access-control-allow-origin')]).toEqual([path, 'https://portal.example.com'])
    }
  })
})

// Below /keys, a request for /keys could be the page with that name or, behind a proxy that leaves the path, the first one.
test('a path is refused that begins as one of the routes does', async () => {
  const service = await startService('SQLite')
  const routes = (await listRoutes(service)).map((route) => route.split('/')[1] ?? '')
  await service.close()
  const files = existsSync(builtDashboard())
    ? readdirSync(builtDashboard()).filter((name) => !/\.(html|br|gz)$/.test(name))
    : []
  const names = [...new Set([...routes, ...files])].filter((name) => name !== '')
  expect(names.length).toBeGreaterThan(15)
  for (const name of names) {
    expect(() => readConfig({ PUBLIC_URL: `https://tools.example.test/${name}/forgelink` })).toThrow(
      `PUBLIC_URL must not have a path that begins with /${name}, as Forgelink's own paths do: choose another`,
    )
  }
})

// RFC 6265bis 4.1.3.2: browsers take a `__Host-` cookie with the path / alone.
test('over https the cookie is bound to the path, and no other name counts', async () => {
  const service = await startService('SQLite', { PUBLIC_URL: 'https://tools.example.test/forgelink' })
  const origin = { origin: 'https://tools.example.test' }
  const browser = openBrowser(service)
  const account = await service.addAccount('carol')
  const page = await browser.get('/forgelink/sign-in')
  const cookie =
    /^__Secure-forgelink=([A-Za-z0-9_-]{43}); Path=\/forgelink; HttpOnly; SameSite=Lax; Secure; Max-Age=43200$/
  expect(page.headers.getSetCookie()).toEqual([expect.stringMatching(cookie)])
  const { username: login, password } = account
  const signedIn = await browser.submit(page, { login, password }, origin)
  expect(signedIn.headers.getSetCookie()).toContainEqual(expect.stringMatching(cookie))
  const value = browser.cookies.get('__Secure-forgelink')
  expect(signedIn.status).toBe(303)
  for (const [name, status] of [
    ['__Secure-forgelink', 200],
    ['__Host-forgelink', 401],
    ['forgelink', 401],
  ] as const) {
    const answer = await send('GET', `${service.url}/session`, undefined, { cookie: `${name}=${value}` })
    expect([name, answer.status]).toEqual([name, status])
  }
  for (const wrong of ['https://tools.example.test/forgelink', 'https://tools.example.test:1', 'null']) {
    const answer = await browser.call('POST', '/v1/tokens', { token: { name: 'x' } }, { origin: wrong })
    expect([wrong, answer.status]).toEqual([wrong, 403])
  }
  expect((await browser.call('POST', '/v1/tokens', { token: { name: 'x' } }, origin)).status).toBe(201)
  await service.close()
})
