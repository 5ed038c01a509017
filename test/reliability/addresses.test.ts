// Reliability section 3: whatever a user types and wherever its name leads, nothing is contacted that the operator has not opened.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ownAddress } from '../support/browser.ts'
import type { TestServer } from '../support/fault-server.ts'
import { type Outside, startOutside } from '../support/outside.ts'
import { type Account, type Answer, type Service, send, startReplica, startService } from '../support/service.ts'
import { ENTRIES, HIT_HOSTS } from './allowed-hosts.ts'
import { FORBIDDEN, MISSHAPEN, RESOLVED } from './forbidden-addresses.ts'

const TOKEN = 'token-7'
const LINK = { scm_type: 'github-enterprise', access_token: TOKEN }

let outside: Outside
let platform: TestServer
beforeAll(async () => {
  outside = await startOutside()
  platform = await outside.servePlatform(HIT_HOSTS)
  for (const name of ['localhost', 'gitlab.localhost', 'a.b.localhost']) outside.names.set(name, ['127.0.0.1'])
  outside.names.set('ghe.example.com', ['93.184.216.34'])
  outside.putAt(platform, '93.184.216.34')
  // Where a broken guard would lead to.
  outside.putAt(platform, '127.0.0.1', [443, platform.port])
})
afterAll(() => outside.close())
beforeEach(() => {
  outside.forget()
  platform.seen.splice(0)
})

function create(account: Account, url: string): Promise<Answer> {
  return account.call('POST', '/v1/scm_integrations', { scm_integration: { ...LINK, url } })
}

/** Refused at `url` and nowhere else, with these words, and nobody outside has heard of it. */
function expectForbidden({ status, json, text }: Answer, words = ''): string {
  expect([status, Object.keys(json.errors ?? {})]).toEqual([422, ['url']])
  const [message] = json.errors.url
  expect(message).toContain(words)
  expect(text).not.toContain(TOKEN)
  expect([outside.network.contacts, platform.seen]).toEqual([[], []])
  return message
}

describe.each([
  ['directly', false],
  ['through an outgoing proxy', true],
])('an address that nobody may contact, %s', (_way, proxied) => {
  let service: Service
  let alice: Account
  let proxy: TestServer
  let own: string

  beforeAll(async () => {
    proxy = await outside.serveProxy(platform)
    const address = await ownAddress()
    own = address.PORT ?? ''
    // An entry for itself does not let it be its own platform.
    const settings = { ...outside.settings, ...address, ALLOWED_HOSTS: `localhost:${own}` }
    const way = proxied ? { HTTPS_PROXY: proxy.origin } : {}
    service = await startService('SQLite', { ...settings, ...way }, outside.options)
    outside.network.exempt(service.url)
    alice = await service.addAccount('alice')
  })
  afterAll(() => service.close())
  beforeEach(() => {
    proxy.seen.splice(0)
  })
  afterEach(() => {
    expect(proxy.seen).toEqual([])
    expect([...outside.network.contacts]).toEqual([])
  })

  it.each(FORBIDDEN)('%j is refused as %s', async (url, range) => {
    const message = expectForbidden(await create(alice, url.replace('PORT', `${platform.port}`)))
    expect(outside.failures.map((failure) => failure.range)).toEqual([range])
    expect(outside.lookedUp).toEqual([])
    if (/localhost/i.test(message)) expect(message).not.toContain('127.0.0.1')
  })

  it.each(MISSHAPEN)('%j %s', async (url, words) => {
    expectForbidden(await create(alice, url.replace('PORT', `${platform.port}`)), words)
    expect([outside.failures, outside.lookedUp]).toEqual([[], []])
  })

  it.each(RESOLVED.map(([addresses, range]) => ({ addresses, range, shown: addresses.slice(-2) })))(
    'a name that resolves to $shown is refused as $range',
    async ({ addresses, range }) => {
      outside.names.set('gitlab.example.net', addresses)
      const answer = await create(alice, 'https://gitlab.example.net:8443')
      expectForbidden(answer)
      for (const address of addresses.slice(-2)) if (address) expect(answer.text).not.toContain(address)
      expect(outside.lookedUp).toEqual(['gitlab.example.net'])
      expect(outside.failures).toHaveLength(1)
      expect(outside.failures[0]).toMatchObject({ host: 'gitlab.example.net', port: 8443, range })
    },
  )

  it.each([
    'localhost',
    '127.0.0.1',
    '127.1',
    '0x7f.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    'forge.localhost',
    'LOCALHOST.',
  ])('our own public address, spelled %s', async (host) => {
    expectForbidden(await create(alice, `https://${host}:${own}`), 'is the address of this service itself')
    expect(outside.lookedUp).toEqual([])
  })
})

it.each(['https://forge.example.com', 'https://FORGE.example.com.:443/', 'https://ⓕorge.example.com'])(
  'our own address in public is no platform either: %s',
  async (url) => {
    outside.names.set('forge.example.com', ['93.184.216.34'])
    const settings = {
      ...outside.settings,
      PUBLIC_URL: 'https://forge.example.com',
      ALLOWED_HOSTS: 'forge.example.com',
    }
    const service = await startService('SQLite', settings, outside.options)
    outside.network.exempt(service.url)
    const answer = await create(await service.addAccount('alice'), url)
    await service.close()
    expectForbidden(answer, 'is the address of this service itself')
  },
)

describe('an entry of ALLOWED_HOSTS', () => {
  let service: Service
  let alice: Account
  let bearer: Record<string, string>
  let plain: TestServer

  beforeAll(async () => {
    plain = await outside.servePlain()
    service = await startService('SQLite', outside.settings, outside.options)
    outside.network.exempt(service.url)
    alice = await service.addAccount('alice')
    bearer = { authorization: `Bearer ${alice.bearer}` }
  })
  afterAll(() => service.close())

  /** `URL at address` as `allowed-hosts.ts` has it; where the call would go is there, and a platform is at it. */
  function prepare(line: string): { url: string; contact: string } {
    const [url = '', address] = line.split(' at ')
    const { hostname, port, protocol } = new URL(url)
    const host = hostname.replace(/^\[|\]$|\.$/g, '')
    if (address) outside.names.set(host, [address])
    const at = Number(port) || 443
    outside.putAt(protocol === 'http:' ? plain : platform, address ?? host, [at])
    return { url, contact: `${address ?? host}:${at}` }
  }

  it.each(ENTRIES)('$entry opens $hits and not $misses', async ({ entry, hits, misses }) => {
    const settings = { ...outside.settings, ALLOWED_HOSTS: entry }
    const replica = await startReplica(service, settings, outside.options)
    outside.network.exempt(replica.url)
    const link = (url: string) => send('POST', `${replica.url}/v1/scm_integrations`, { ...LINK, url }, bearer)
    for (const line of misses) {
      const answer = await link(prepare(line).url)
      expect([line, answer.status, Object.keys(answer.json.errors ?? {})]).toEqual([line, 422, ['url']])
      expect([line, outside.network.contacts]).toEqual([line, []])
      expect([line, outside.failures.length]).toEqual([line, 1])
      outside.forget()
    }
    for (const line of hits) {
      const { url, contact } = prepare(line)
      const answer = await link(url)
      expect([line, answer.status, answer.text.slice(0, 300)]).toEqual([line, 201, expect.anything()])
      expect([line, ...new Set(outside.network.contacts)]).toEqual([line, contact])
      outside.forget()
    }
    const { json } = await send('GET', `${replica.url}/v1/scm_integrations`, undefined, bearer)
    for (const { id } of json.scm_integrations) await alice.call('DELETE', `/v1/scm_integrations/${id}`)
    await replica.close()
  })
})

describe('what is said of it', () => {
  it('to the user: the name and the setting, word for word; to the operator: host, address, range and setting', async () => {
    outside.names.set('gitlab.corp.lan', ['10.1.2.3'])
    const service = await startService('SQLite', outside.settings, outside.options)
    outside.network.exempt(service.url)
    const answer = await create(await service.addAccount('alice'), 'https://gitlab.corp.lan')
    await service.close()
    const sentence =
      'gitlab.corp.lan is on a private network, and this server only contacts private hosts its operator has allowed. Ask the operator to add "gitlab.corp.lan" to ALLOWED_HOSTS.'
    expect(answer.status).toBe(422)
    const hint = { action: 'ask_operator', field: 'url' }
    expect(answer.json).toEqual({ errors: { url: [sentence] }, error: `url ${sentence}`, hint })
    const setting = 'ALLOWED_HOSTS=gitlab.corp.lan'
    expect(outside.failures).toEqual([
      { host: 'gitlab.corp.lan', port: 443, address: '10.1.2.3', range: 'private', setting },
    ])
  })
})
