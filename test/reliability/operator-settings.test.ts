// Reliability section 3, what the operator's settings open and shut: entries that are gone, a proxy, authorities, OAuth platforms.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Environment } from '../../src/config.ts'
import { type Browser, openBrowser, ownAddress } from '../support/browser.ts'
import { type Handler, json, serveTls, type TestServer } from '../support/fault-server.ts'
import { answerMarked } from '../support/marked-platform.ts'
import { beginLinking, headingOf } from '../support/oauth.ts'
import { type Outside, startOutside, urlMessage } from '../support/outside.ts'
import { type Account, type Answer, type Service, send, startReplica, startService } from '../support/service.ts'
import { createIdentity, type Identity } from '../support/test-certificates.ts'

const PUBLIC = '93.184.216.34'
const PRIVATE = '10.1.2.3'
const HOST = 'ghe.example.com'
const INSIDE = 'gitlab.corp.lan'
const METADATA = '169.254.169.254'

let outside: Outside
let service: Service
let bearer: Record<string, string>
let platform: TestServer
/** Another host, which must never hear of anything. */
let foreign: TestServer
/** What the platform does before it answers as one; true when it has answered. */
let first: (...asked: Parameters<Handler>) => boolean

beforeAll(async () => {
  outside = await startOutside()
  platform = await outside.servePlatform([HOST, INSIDE], (request, response) => {
    if (!first(request, response)) answerMarked(request, response)
  })
  foreign = await outside.servePlatform(['evil.example.net'])
  service = await startService('SQLite', outside.settings, outside.options)
  outside.network.exempt(service.url)
  bearer = { authorization: `Bearer ${(await service.addAccount('alice')).bearer}` }
})
afterAll(async () => {
  await service.close()
  await outside.close()
})
beforeEach(async () => {
  first = () => false
  outside.names.clear()
  outside.names.set(HOST, [PUBLIC])
  outside.names.set(INSIDE, [PRIVATE])
  outside.putAt(platform, PUBLIC)
  outside.putAt(platform, PRIVATE, [443, 8443])
  outside.putAt(platform, METADATA)
  outside.putAt(foreign, '93.184.216.99')
  const links = `${service.url}/v1/scm_integrations`
  for (const { id } of (await send('GET', links, undefined, bearer)).json.scm_integrations)
    await send('DELETE', `${links}/${id}`, undefined, bearer)
  outside.forget()
  for (const server of [platform, foreign]) server.seen.splice(0)
})

const contacted = () => [...new Set(outside.network.contacts)]

/** The same store, served with other settings; `use` gets the address of the links there. */
async function withSettings<T>(settings: Environment, use: (links: string) => Promise<T>): Promise<T> {
  const replica = await startReplica(service, { ...outside.settings, ...settings }, outside.options)
  outside.network.exempt(replica.url)
  return use(`${replica.url}/v1/scm_integrations`).finally(replica.close)
}

function create(links: string, url: string): Promise<Answer> {
  return send('POST', links, { scm_type: 'github-enterprise', url, access_token: 'token-42' }, bearer)
}

describe('a link whose host the operator no longer allows', () => {
  const sentence = `${INSIDE} is on a private network, and this server only contacts private hosts its operator has allowed. Ask the operator to add "${INSIDE}" to ALLOWED_HOSTS.`

  it.each([
    ['directly', false],
    ['through an outgoing proxy', true],
  ])('is listed, but nothing is contacted for it, %s', async (_way, proxied) => {
    const proxy = await outside.serveProxy(foreign)
    const way = proxied ? { HTTPS_PROXY: proxy.origin } : {}
    const made = await withSettings({ ALLOWED_HOSTS: INSIDE }, (links) => create(links, `https://${INSIDE}`))
    expect([made.status, contacted()]).toEqual([201, [`${PRIVATE}:443`]])
    const { id } = made.json.scm_integration
    outside.forget()
    platform.seen.splice(0)

    await withSettings({ ...way, ALLOWED_HOSTS: `other.corp.lan,${INSIDE}:8443` }, async (links) => {
      for (const [method, path] of [
        ['GET', 'search_repos?query=x'],
        ['GET', 'search_pull_requests?query=is:open'],
        ['GET', 'branches?repo_name=a/b'],
        ['GET', 'orgs'],
        ['POST', 'import_keys'],
      ] as const) {
        const { status, json: answer } = await send(method, `${links}/${id}/${path}`, undefined, bearer)
        const hint = { action: 'ask_operator' }
        expect([path, status, answer]).toEqual([path, 503, { error: sentence, code: 'scm_unavailable', hint }])
      }
      const patched = await send('PATCH', `${links}/${id}`, { access_token: 'token-43' }, bearer)
      expect([patched.status, patched.json.error]).toEqual([503, sentence])
      const health = await send('GET', `${links}/${id}/health`, undefined, bearer)
      expect([health.status, health.json.health.problems[0].message]).toEqual([200, sentence])
      const list = await send('GET', links, undefined, bearer)
      expect(list.json.scm_integrations.map(({ status }: { status: string }) => status)).toEqual(['ok'])
    })
    expect([contacted(), platform.seen, proxy.seen, foreign.seen]).toEqual([[], [], [], []])
    expect(outside.failures.length).toBeGreaterThanOrEqual(7)
    expect(new Set(outside.failures.map(({ setting }) => setting))).toEqual(new Set([`ALLOWED_HOSTS=${INSIDE}`]))

    const again = await withSettings({ ALLOWED_HOSTS: 'private' }, (links) =>
      send('GET', `${links}/${id}/orgs`, undefined, bearer),
    )
    expect([again.status, contacted()]).toEqual([200, [`${PRIVATE}:443`]])
  })
})

describe('an outgoing proxy', () => {
  it('is asked by name for what does not resolve here; certificates and redirects are judged here all the same', async () => {
    const proxy = await outside.serveProxy(platform)
    outside.names.clear()
    await withSettings({ HTTPS_PROXY: proxy.origin }, async (links) => {
      expect((await create(links, `https://${HOST}`)).status).toBe(201)
      expect([new Set(proxy.seen), contacted()]).toEqual([new Set([`${HOST}:443`]), []])
      const other = await create(links, 'https://other.example.com')
      expect(urlMessage(other)).toContain('a TLS certificate for another host name')
      first = (_request, response) => Boolean(response.writeHead(302, { location: `https://${METADATA}/` }).end())
      expect(urlMessage(await create(links, `https://${HOST}:8443`))).toContain(`redirects to https://${METADATA}`)
      expect(proxy.seen.filter((address) => address.includes(METADATA))).toEqual([])
    })
  })

  it('is passed by for NO_PROXY, and the policy is not', async () => {
    const proxy = await outside.serveProxy(foreign)
    const settings = { HTTPS_PROXY: proxy.origin, NO_PROXY: `${HOST},${INSIDE}` }
    await withSettings(settings, async (links) => {
      expect((await create(links, `https://${HOST}`)).status).toBe(201)
      urlMessage(await create(links, `https://${INSIDE}`))
    })
    expect([contacted(), proxy.seen]).toEqual([[`${PUBLIC}:443`], []])
  })
})

describe('a certificate', () => {
  const unknown = `${HOST} shows a TLS certificate that is self-signed or from an authority this server does not know. Ask the operator to add the authority to EXTRA_CA_CERTS.`
  const hosts = [HOST]

  it.each<[string, (authority: Identity) => Identity, string]>([
    ['self-signed', () => createIdentity(HOST, { hosts }), unknown],
    [
      'of an authority that nobody knows',
      () => createIdentity(HOST, { hosts, issuer: createIdentity('Other Authority', {}) }),
      unknown,
    ],
    [
      'expired',
      (issuer) => createIdentity(HOST, { hosts, issuer, from: -9, to: -2 }),
      `${HOST} shows a TLS certificate that has expired. Its administrator has to renew it.`,
    ],
    [
      'not valid yet',
      (issuer) => createIdentity(HOST, { hosts, issuer, from: 2, to: 9 }),
      `${HOST} shows a TLS certificate that is not valid yet. Check the clocks of both servers.`,
    ],
    [
      'for another host',
      (issuer) => createIdentity('evil.example.net', { hosts: ['evil.example.net'], issuer }),
      `${HOST} shows a TLS certificate for another host name. Use the name it is made for, or have it replaced.`,
    ],
  ])('that is %s is refused before a token is sent', async (_case, identity, sentence) => {
    const server = outside.keep(await serveTls(identity(outside.authority), answerMarked))
    outside.putAt(server, PUBLIC)
    expect(urlMessage(await create(`${service.url}/v1/scm_integrations`, `https://${HOST}`))).toBe(sentence)
    expect(server.seen).toEqual([])
  })

  it('of an authority in EXTRA_CA_CERTS serves, and without that setting, or with another authority, it does not', async () => {
    const at = (settings: Environment) => withSettings(settings, (links) => create(links, `https://${HOST}`))
    const other = join(service.dataDir, 'other.pem')
    writeFileSync(other, createIdentity('Other Authority', {}).cert)
    expect(urlMessage(await at({ EXTRA_CA_CERTS: other }))).toBe(unknown)
    expect(urlMessage(await at({ EXTRA_CA_CERTS: undefined }))).toBe(unknown)
    expect(platform.seen).toEqual([])
    expect((await at({})).status).toBe(201)
  })
})

describe('the platform that OAuth links', () => {
  function grants({ url }: Parameters<Handler>[0], response: Parameters<Handler>[1]): boolean {
    if (url !== '/login/oauth/access_token') return false
    json(response, { access_token: 'token-70', token_type: 'bearer', scope: 'repo,read:org,read:public_key,user' })
    return true
  }

  async function openOAuth(url: string, use: (browser: Browser, account: Account) => Promise<void>): Promise<void> {
    const client = { GITHUB_URL: url, GITHUB_CLIENT_ID: 'id', GITHUB_CLIENT_SECRET: 'canary-secret' }
    const settings = { ...outside.settings, ...(await ownAddress()), ...client }
    const oauth = await startService('SQLite', settings, outside.options)
    outside.network.exempt(oauth.url)
    const account = await oauth.addAccount('alice')
    const browser = openBrowser(oauth)
    await browser.signIn(account)
    await use(browser, account).finally(oauth.close)
  }

  async function finish(browser: Browser): Promise<Answer> {
    const state = new URL(await beginLinking(browser, 'github')).searchParams.get('state')
    return browser.get(`/users/github/callback?code=c&state=${state}`)
  }

  it('may be private, since the operator has named it: that host and port, and no other', async () => {
    first = grants
    await openOAuth(`https://${INSIDE}`, async (browser, account) => {
      const { status, headers } = await finish(browser)
      expect([status, headers.get('location')]).toEqual([303, expect.stringContaining('/profile?linked=')])
      expect(contacted()).toEqual([`${PRIVATE}:443`])
      outside.forget()
      for (const url of [`https://${INSIDE}:8443`, `https://sub.${INSIDE}`, `https://evil${INSIDE}`]) {
        outside.names.set(new URL(url).hostname, [PRIVATE])
        const link = { scm_type: 'github-enterprise', url, access_token: 'token-71' }
        expect(urlMessage(await account.call('POST', '/v1/scm_integrations', link))).toContain('private network')
      }
      expect(contacted()).toEqual([])
    })
  })

  it.each([METADATA, '0.0.0.0', 'fd00:ec2::254', '::ffff:169.254.169.254'])(
    'is not contacted where its name leads to %s',
    async (address) => {
      first = grants
      outside.names.set(HOST, [address])
      await openOAuth(`https://${HOST}`, async (browser) => {
        const answer = await finish(browser)
        expect(answer.status).toBeGreaterThanOrEqual(400)
        expect(headingOf(answer)).not.toBe('')
        expect(answer.text).not.toMatch(/169\.254|ec2|0\.0\.0|canary/)
        expect([contacted(), platform.seen]).toEqual([[], []])
        expect(outside.failures[0]).toMatchObject({ host: HOST, address, setting: 'none' })
      })
    },
  )

  it('does not get its client secret carried to where its token endpoint redirects', async () => {
    first = ({ url }, response) =>
      url === '/login/oauth/access_token' &&
      Boolean(response.writeHead(307, { location: 'https://evil.example.net/' }).end())
    outside.names.set('evil.example.net', ['93.184.216.99'])
    await openOAuth(`https://${HOST}`, async (browser) => {
      expect((await finish(browser)).status).toBeGreaterThanOrEqual(400)
      expect([contacted(), foreign.seen, outside.lookedUp.includes('evil.example.net')]).toEqual([
        [`${PUBLIC}:443`],
        [],
        false,
      ])
    })
  })
})
