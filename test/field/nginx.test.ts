// A real nginx in front, configured as docs/configuration.md says: TLS, who the caller is, pages below a path, sizes.

import type { ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingHttpHeaders } from 'node:http'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { freePort } from '../support/command.ts'
import { type Service, startService } from '../support/service.ts'
import { createIdentity } from '../support/test-certificates.ts'
import { until } from '../support/until.ts'
import { isThere } from './support/programs.ts'
import { ownFolder, start, stop } from './support/unprivileged.ts'

const hasNginx = isThere('nginx', 'apt-get install -y nginx-light', '-v')

const documentation = readFileSync(resolve(import.meta.dirname, '../../docs/configuration.md'), 'utf8')
const [whole = '', leavesPath = '', takesPathOff = ''] = [...documentation.matchAll(/```nginx\n(.*?)```/gs)].map(
  ([, block = '']) => block,
)
/** The documented server with another location. */
const withLocation = (location: string) => whole.replace(/ {4}location .*\n {4}\}\n/s, location)

const identity = createIdentity('localhost', { hosts: ['localhost'] })
/** Of this machine, as another caller's address. */
const CALLER = '127.0.0.3'

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

describe.skipIf(!hasNginx)('nginx in front', () => {
  const folder = ownFolder(mkdtempSync(join(tmpdir(), 'forgelink-nginx-')))
  let port: number
  let service: Service
  let nginx: ChildProcess

  afterEach(async () => {
    await stop(nginx)
    await service.close()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  async function startBoth(server: string, path = ''): Promise<void> {
    port = await freePort()
    service = await startService('SQLite', { PUBLIC_URL: `https://localhost:${port}${path}`, TRUST_PROXY: '127.0.0.1' })
    write('tls.crt', identity.cert)
    write('tls.key', identity.key)
    const adapted = server
      .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
      .replace(/\/etc\/ssl\/forgelink\.(crt|key)/g, `${folder}/tls.$1`)
      .replace('forgelink.example.com', 'localhost')
      .replace('127.0.0.1:4600', new URL(service.url).host)
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder};`)
    write(
      'nginx.conf',
      ['daemon off;', `pid ${folder}/pid;`, 'error_log stderr;', 'events {}', 'http {', 'access_log off;']
        .concat(temporary, adapted, '}', '')
        .join('\n'),
    )
    nginx = start(['nginx', '-p', folder, '-c', join(folder, 'nginx.conf')], { cwd: folder, home: folder })
    let said = ''
    nginx.stderr?.on('data', (chunk) => {
      said += chunk
    })
    await until(
      () =>
        ask('GET', '/healthz').then(
          () => true,
          () => nginx.exitCode !== null,
        ),
      20,
    )
    expect(nginx.exitCode, said).toBe(null)
  }

  function write(name: string, text: string): void {
    writeFileSync(join(folder, name), text)
    chmodSync(join(folder, name), 0o644)
  }

  function ask(method: string, path: string, headers: Record<string, string> = {}, body = ''): Promise<Answer> {
    return new Promise((done, failed) => {
      const options = { host: '127.0.0.1', servername: 'localhost', port, path, method, ca: identity.cert }
      const sent = request({ ...options, localAddress: CALLER, headers: { host: `localhost:${port}`, ...headers } })
      sent.on('error', failed)
      sent.on('response', async (response) => {
        const chunks: Buffer[] = []
        for await (const chunk of response) chunks.push(chunk)
        done({ status: response.statusCode ?? 0, headers: response.headers, text: Buffer.concat(chunks).toString() })
      })
      sent.end(body)
    })
  }

  /** Signs in as a person does, by the form below `path`; the cookie. */
  async function signIn(path: string): Promise<string> {
    const { username, password } = await service.addAccount('alice')
    const page = await ask('GET', `${path}/sign-in`)
    expect(page.status).toBe(200)
    const [, action = ''] = /<form[^>]* action="([^"]+)"/.exec(page.text) ?? []
    expect(action).toBe(`${path}/sign-in`)
    const hidden = [...page.text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
    const fields = new URLSearchParams({ login: username, password })
    for (const [, name = '', value = ''] of hidden) fields.set(name, value)
    const cookies = (page.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0]).join('; ')
    const answer = await ask(
      'POST',
      action,
      {
        origin: `https://localhost:${port}`,
        'content-type': 'application/x-www-form-urlencoded',
        ...(cookies && { cookie: cookies }),
      },
      fields.toString(),
    )
    expect([answer.status, answer.headers.location]).toEqual([303, expect.stringContaining(`${path}/`)])
    const session =
      (answer.headers['set-cookie'] ?? []).find((cookie) => /^__(Host|Secure)-forgelink(-\d+)?=/.test(cookie)) ?? ''
    expect(session).toMatch(/; Secure/i)
    expect(session).toMatch(new RegExp(`; Path=${path || '/'}(;|$)`, 'i'))
    return session.split(';')[0] ?? ''
  }

  it('ends TLS, and tells who the caller is', async () => {
    await startBoth(whole)
    const cookie = await signIn('')
    const profile = await ask('GET', '/profile', { cookie })
    expect(profile.status).toBe(200)
    const [, script = ''] = /<script type="module"[^>]* src="([^"]+)"/.exec(profile.text) ?? []
    expect((await ask('GET', script)).status).toBe(200)
    const { text } = await ask('GET', '/v1/events', { cookie })
    expect(JSON.parse(text).events.map(({ remote_ip: ip }: { remote_ip: string }) => ip)).toContain(CALLER)
  })

  it('passes on what is too large, and Forgelink says so', async () => {
    await startBoth(whole)
    const { bearer } = await service.addAccount('alice')
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${bearer}` }
    const answer = await ask('POST', '/v1/tokens', headers, JSON.stringify({ name: 'x'.repeat(100_000) }))
    expect([answer.status, JSON.parse(answer.text)]).toEqual([413, { error: 'The body is over 64 KiB.' }])
  })

  it.each([
    ['leaves the path', leavesPath],
    ['takes the path off', takesPathOff],
  ])('with a path, where it %s', async (_what, location) => {
    await startBoth(withLocation(location), '/forgelink')
    const cookie = await signIn('/forgelink')
    const profile = await ask('GET', '/forgelink/profile', { cookie })
    expect(profile.status).toBe(200)
    const [, script = ''] = /<script type="module"[^>]* src="([^"]+)"/.exec(profile.text) ?? []
    expect(script).toMatch(/^\/forgelink\/assets\//)
    expect((await ask('GET', script)).status).toBe(200)
    expect((await ask('GET', '/forgelink/healthz')).status).toBe(200)
    expect((await ask('GET', '/profile', { cookie })).status).toBe(404)
    const { status, headers } = await ask('GET', '/forgelink')
    expect([status, headers.location]).toEqual([301, expect.stringMatching(/\/forgelink\/$/)])
  })
})
