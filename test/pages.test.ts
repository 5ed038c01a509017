// The pages through HTTP: their headers and forms, and the dashboard that is served.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createApp } from '../src/app.ts'
import { type Browser, openBrowser, ownAddress, sessionCookieOf } from './support/browser.ts'
import type { Service } from './support/service.ts'
import { send, startService } from './support/service.ts'

describe('pages', () => {
  let service: Service

  beforeAll(async () => {
    service = await startService('SQLite', await ownAddress())
  })
  afterAll(() => service.close())

  it('tells browsers what a page may do', async () => {
    const { headers } = await send('GET', `${service.url}/sign-in`)
    const policy = headers.get('content-security-policy')
    expect(policy).toMatch(/^default-src 'self'; style-src 'self' 'nonce-[A-Za-z0-9+/]{22}=='; /)
    expect(policy).toContain("; form-action 'self'; ")
    expect(policy).toContain("; frame-ancestors 'none'")
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cache-control': 'no-store',
    })
  })

  it('gives an https server a cookie that is bound to its host', async () => {
    const secure = await startService('SQLite', { PUBLIC_URL: 'https://forgelink.example.test' })
    const { headers } = await send('GET', `${secure.url}/sign-in`)
    expect(headers.getSetCookie()).toEqual([
      expect.stringMatching(
        /^__Host-forgelink=[A-Za-z0-9_-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=\d+$/,
      ),
    ])
    await secure.close()
  })

  it('redirects a page asked for under another name of this machine, and nothing else', async () => {
    const other = service.url.replace('127.0.0.1', 'localhost')
    const page = await send('GET', `${other}/sign-in?return_to=/keys`)
    expect([page.status, page.headers.get('location')]).toEqual([307, `${service.url}/sign-in?return_to=/keys`])
    expect((await send('GET', `${other}/v1/users/self`)).status).toBe(401)
    expect((await send('GET', `${other}/healthz`)).status).toBe(200)
    const behindProxy = await startService('SQLite', { PUBLIC_URL: 'https://forgelink.example.test' })
    expect((await send('GET', `${behindProxy.url}/sign-in`)).status).toBe(200)
    await behindProxy.close()
  })

  it('escapes what a visitor sends', async () => {
    const browser = openBrowser(service)
    const login = `"><script>alert('x')</script>&`
    const answer = await browser.submit(await browser.get('/sign-in'), { login, password: 'x' })
    expect(answer.text).not.toContain('<script>')
    expect(answer.text).toContain('&#34;&#62;&#60;script&#62;')
  })

  it.each([
    ['a form that is too long', 'x'.repeat(70_000), 'application/x-www-form-urlencoded', 413],
    ['a body that is no form', 'x', 'text/plain', 415],
  ])('tells of %s on a page', async (_case, body, type, status) => {
    const headers = { 'content-type': type, origin: service.url }
    const answer = await send('POST', `${service.url}/sign-in`, body, headers)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'text/html; charset=utf-8'])
    expect(answer.text).toContain('<h1>That did not work</h1>')
  })

  it('serves its style, which may be kept for ever', async () => {
    const page = await send('GET', `${service.url}/sign-in`)
    const [, address = ''] = /<link rel="stylesheet" href="([^"]+)">/.exec(page.text) ?? []
    const style = await send('GET', `${service.url}${address}`)
    expect([style.status, style.headers.get('content-type')]).toEqual([200, 'text/css; charset=utf-8'])
    expect(style.headers.get('cache-control')).toContain('immutable')
  })
})

describe('the dashboard', () => {
  const folder = mkdtempSync(join(tmpdir(), 'forgelink-dashboard-'))
  let service: Service
  let browser: Browser
  let close: (() => Promise<void>) | undefined

  beforeAll(async () => {
    mkdirSync(join(folder, 'assets'))
    writeFileSync(join(folder, 'index.html'), '<meta name="csp-nonce" content="__CSP_NONCE__"><p>dashboard</p>')
    writeFileSync(join(folder, 'assets', 'index-abc.js'), 'export {}')
    writeFileSync(join(folder, 'assets', 'index-abc.js.map'), '{}')
    writeFileSync(join(folder, 'logo.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
    service = await startService('SQLite', await ownAddress())
    browser = openBrowser(service)
    await browser.signIn(await service.addAccount('alice'))
  })
  afterEach(async () => {
    await close?.()
    close = undefined
  })
  afterAll(async () => {
    await service.close()
    rmSync(folder, { recursive: true })
  })

  /** The same service with another folder in the dashboard's place. */
  async function serveFolder(
    path: string,
  ): Promise<(asked: string, cookie?: boolean, headers?: Record<string, string>) => ReturnType<typeof send>> {
    const app = await createApp(service.services, service.config, { dashboard: path })
    close = () => app.close()
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    const cookie = `${sessionCookieOf(browser)}`
    return (asked, signedIn = true, headers = {}) =>
      send('GET', `${url}${asked}`, undefined, { ...headers, ...(signedIn && { cookie }) })
  }

  it.each([
    '/',
    '/profile',
    '/repositories?query=x',
    '/pull-requests',
    '/keys',
    '/tokens',
    '/activity',
    '/administration/users/x',
  ])('serves %s to who is signed in, and asks others to sign in first', async (path) => {
    const get = await serveFolder(folder)
    const page = await get(path)
    const [, nonce = ''] = /'nonce-([^']+)'/.exec(page.headers.get('content-security-policy') ?? '') ?? []
    expect(page.text).toBe(`<meta name="csp-nonce" content="${nonce}"><p>dashboard</p>`)
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect((await get(path)).text).not.toBe(page.text)

    const rejected = await get(path, false)
    expect(rejected.status).toBe(303)
    expect(rejected.headers.get('location')).toBe(`/sign-in?return_to=${encodeURIComponent(path)}`)
  })

  it('serves its files, those with a hash in their name for ever, and no maps', async () => {
    const get = await serveFolder(folder)
    const script = await get('/assets/index-abc.js', false)
    expect([script.status, script.text]).toEqual([200, 'export {}'])
    expect(script.headers.get('content-type')).toContain('javascript')
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect((await get('/logo.svg', false)).headers.get('cache-control')).toBe('no-cache')
    for (const path of [
      '/assets/index-abc.js.map',
      '/index.html',
      '/assets/none.js',
      '/assets/..%2f..%2fetc%2fpasswd',
    ]) {
      expect([path, (await get(path)).status]).toEqual([path, 404])
    }
  })

  it('has no page and nothing to keep for a file of another version', async () => {
    const path = join(folder, 'assets', 'page-gone.js')
    writeFileSync(path, 'export {}')
    const get = await serveFolder(folder)
    rmSync(path)
    for (const asked of ['/assets/page-gone.js', '/assets/page-other.js']) {
      for (const accept of ['*/*', 'text/html,application/xhtml+xml,*/*;q=0.8']) {
        const { status, headers } = await get(asked, false, { accept })
        const told = [status, headers.get('content-type'), headers.get('cache-control')]
        expect([asked, ...told]).toEqual([asked, 404, 'application/json; charset=utf-8', 'no-store'])
      }
    }
  })

  it('says what to do where it was not built', async () => {
    const get = await serveFolder(join(folder, 'none'))
    const page = await get('/profile')
    expect(page.status).toBe(503)
    expect(page.text).toContain('npm run build')
  })
})
