// Reliability section 4, TLS: a platform whose certificate goes bad is not spoken to, and nothing of what we know leaves.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Sandbox, SandboxPlatform } from '../../sandbox/sandbox.ts'
import { openBrowser, ownAddress } from '../support/browser.ts'
import { listenForTest, type TestServer } from '../support/fault-server.ts'
import { beginLinking, decide, headingOf, oauthSettings } from '../support/oauth.ts'
import { startPlatforms } from '../support/platforms.ts'
import { describeOnBothEngines, type Service, startService } from '../support/service.ts'
import { createIdentity, type Identity } from '../support/test-certificates.ts'

/** TLS in front of a platform of the sandbox. */
interface Front extends TestServer {
  /** From now on, on new connections; those that are open are cut. */
  show(identity: Identity): void
}

async function startFront(platform: SandboxPlatform, identity: Identity): Promise<Front> {
  const sockets = new Set<{ destroy(): void }>()
  const cut = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  const server: TlsServer = createTlsServer({ cert: identity.cert, key: identity.key }, (socket) => {
    const inner = connect(Number(new URL(platform.url).port), '127.0.0.1')
    for (const each of [socket, inner]) {
      sockets.add(each)
      each.on('error', () => undefined)
    }
    socket.pipe(inner).pipe(socket)
  })
  server.on('tlsClientError', () => undefined)
  const front = await listenForTest(server, [], cut)
  return {
    ...front,
    origin: front.origin.replace('http:', 'https:'),
    show({ cert, key }) {
      server.setSecureContext({ cert, key })
      cut()
    },
  }
}

const authority = createIdentity('Test Authority', {})
const hosts = ['127.0.0.1']
const good = createIdentity('127.0.0.1', { hosts, issuer: authority })
const bad: [name: string, identity: Identity, words: string][] = [
  ['self-signed', createIdentity('127.0.0.1', { hosts }), 'a TLS certificate that is self-signed'],
  [
    'of an unknown authority',
    createIdentity('127.0.0.1', { hosts, issuer: createIdentity('Another Authority', {}) }),
    'from an authority this server does not know',
  ],
  ['expired', createIdentity('127.0.0.1', { hosts, issuer: authority, from: -9, to: -2 }), 'that has expired'],
  ['not valid yet', createIdentity('127.0.0.1', { hosts, issuer: authority, from: 2, to: 9 }), 'not valid yet'],
  ['for another name', createIdentity('x', { hosts: ['127.0.0.2'], issuer: authority }), 'for another host name'],
]

describeOnBothEngines('a platform whose certificate is', (engine) => {
  const folder = mkdtempSync(join(tmpdir(), 'forgelink-tls-'))
  let sandbox: Sandbox
  let own: Front
  let hosted: Front
  let service: Service
  let people = 0

  beforeAll(async () => {
    sandbox = (await startPlatforms()).sandbox
    const { github, 'github-enterprise': ghes } = sandbox.platforms
    github.state.settings.oauth.expiring = true
    own = await startFront(ghes, good)
    hosted = await startFront(github, good)
    writeFileSync(join(folder, 'authority.pem'), authority.cert)
    service = await startService(engine, {
      ...(await ownAddress()),
      ...oauthSettings(sandbox),
      GITHUB_URL: hosted.origin,
      ALLOWED_HOSTS: own.origin.replace('https://', ''),
      EXTRA_CA_CERTS: join(folder, 'authority.pem'),
    })
  })
  afterAll(async () => {
    await service.close()
    await Promise.all([own.close(), hosted.close(), sandbox.close()])
    rmSync(folder, { recursive: true })
  })

  it.each(bad)('%s', async (_name, identity, words) => {
    const { github, 'github-enterprise': ghes } = sandbox.platforms
    const me = await service.addAccount(`person-${++people}`)
    const browser = openBrowser(service)
    await browser.signIn(me)
    const bodyOf = (username: string) => ({
      scm_type: 'github-enterprise',
      url: own.origin,
      access_token: ghes.token(username),
    })
    const create = () => me.call('POST', '/v1/scm_integrations', bodyOf('bob'))
    const linked = await me.call('POST', '/v1/scm_integrations', bodyOf('alice'))
    expect([linked.status, linked.text]).toEqual([201, expect.any(String)])
    const path = `/v1/scm_integrations/${linked.json.scm_integration.id}`
    // The person's own browser asks the platform itself, which behind the front would call itself by the front's name.
    const attempt = async () => {
      const back = await decide(browser, (await beginLinking(browser, 'github')).replace(hosted.origin, github.url))
      return back.replace(encodeURIComponent(github.url), encodeURIComponent(hosted.origin))
    }
    const renewing = (await browser.get(await attempt())).headers.get('location')?.replace('/profile?linked=', '') ?? ''
    await service.services.database
      .updateTable('scmIntegrations')
      .set({ tokenExpiresAt: new Date(Date.now() - 1_000).toISOString() })
      .where('id', '=', renewing)
      .execute()
    const callback = await attempt()
    const before = (await me.call('GET', '/v1/scm_integrations')).text
    const arrived = () => [ghes.requests.length, github.requests.length]
    const arrivedBefore = arrived()

    for (const front of [own, hosted]) front.show(identity)
    const [created, searched, imported, renewed] = [
      await create(),
      await me.call('GET', `${path}/search_repos?query=example`),
      await me.call('POST', `${path}/import_keys`),
      await me.call('GET', `/v1/scm_integrations/${renewing}/orgs`),
    ]
    const page = await browser.get(callback)
    for (const front of [own, hosted]) front.show(good)

    expect([created.status, created.json.errors.url[0]]).toEqual([422, expect.stringContaining(words)])
    for (const { status, json } of [searched, imported, renewed]) {
      expect([status, json.code, json.error]).toEqual([503, 'scm_unavailable', expect.stringContaining(words)])
    }
    expect([page.status, headingOf(page)]).toEqual([503, 'Linking GitHub did not work'])
    expect(page.text).toContain(words)
    expect(arrived()).toEqual(arrivedBefore)
    expect((await me.call('GET', '/v1/scm_integrations')).text).toBe(before)
    expect((await me.call('GET', '/v1/keys')).json.keys).toEqual([])
    expect([await own.open(), await hosted.open()]).toEqual([0, 0])

    expect((await create()).status).toBe(201)
    expect((await me.call('POST', `${path}/import_keys`)).status).toBe(201)
    expect((await browser.get(await attempt())).status).toBe(303)
  })
})
