// Reliability section 3, once an address has passed: names that change, redirects, next pages, pictures.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { LIMITS } from '../../src/platforms/transport/limits.ts'
import { openBrowser, ownAddress } from '../support/browser.ts'
import { type Handler, json, type TestServer } from '../support/fault-server.ts'
import { answerMarked } from '../support/marked-platform.ts'
import { type Outside, startOutside, urlMessage } from '../support/outside.ts'
import { type Account, type Answer, type Service, startService } from '../support/service.ts'

const PUBLIC = '93.184.216.34'
const HOST = 'ghe.example.com'
const METADATA = '169.254.169.254'

let outside: Outside
let service: Service
let alice: Account
let platform: TestServer
/** Another host, which must never hear of a token. */
let foreign: TestServer
/** What the platform does before it answers as one; true when it has answered. */
let first: (...asked: Parameters<Handler>) => boolean
let foreignTokens: unknown[]

beforeAll(async () => {
  outside = await startOutside()
  platform = await outside.servePlatform([HOST, 'gitlab.corp.lan', PUBLIC], (request, response) => {
    // Each call is a connection of its own, so that each asks for the name.
    response.setHeader('connection', 'close')
    if (!first(request, response)) answerMarked(request, response)
  })
  foreign = await outside.servePlatform(['evil.example.net'], (request, response) => {
    foreignTokens.push(request.headers.authorization)
    answerMarked(request, response)
  })
  service = await startService('SQLite', { ...outside.settings, ...(await ownAddress()) }, outside.options)
  outside.network.exempt(service.url)
  alice = await service.addAccount('alice')
})
afterAll(async () => {
  await service.close()
  await outside.close()
})
beforeEach(async () => {
  first = () => false
  foreignTokens = []
  outside.names.clear()
  outside.names.set(HOST, [PUBLIC])
  outside.names.set('evil.example.net', ['93.184.216.99'])
  outside.putAt(platform, PUBLIC)
  outside.putAt(foreign, '93.184.216.99')
  outside.putAt(foreign, METADATA, [443, 80])
  for (const { id } of (await alice.call('GET', '/v1/scm_integrations')).json.scm_integrations)
    await alice.call('DELETE', `/v1/scm_integrations/${id}`)
  outside.forget()
  for (const server of [platform, foreign]) server.seen.splice(0)
})

let tokens = 0
/** Each with a token of its own, since identical reads are remembered. */
function create(url = `https://${HOST}`): Promise<Answer> {
  tokens += 1
  const link = { scm_type: 'github-enterprise', url, access_token: `token-${tokens}` }
  return alice.call('POST', '/v1/scm_integrations', { scm_integration: link })
}

async function linked(): Promise<string> {
  const { status, text, json: body } = await create()
  expect([status, text]).toEqual([201, expect.anything()])
  outside.forget()
  platform.seen.splice(0)
  return body.scm_integration.id
}

const contacted = () => [...new Set(outside.network.contacts)]
const MANY = Array.from({ length: 3_000 }, (_, n) => `93.184.${n % 250}.${n % 7}`)

describe('a name', () => {
  it('is asked for again with each connection, and what it leads to now is what counts', async () => {
    const answers = [[PUBLIC], [METADATA], [PUBLIC], ['10.0.0.7', PUBLIC]]
    outside.names.set(HOST, async () => answers.shift() ?? ['127.0.0.1'])
    const message = urlMessage(await create())
    expect(message).toBe(`${HOST} is at an address that this server never contacts. Use the platform's own address.`)
    expect(contacted()).toEqual([`${PUBLIC}:443`])
    expect(platform.seen).toHaveLength(1)
    expect(outside.failures).toEqual([
      { host: HOST, port: 443, address: METADATA, range: 'linkLocal', setting: 'none' },
    ])
  })

  it.each([
    ['search', 'GET', 'search_repos?query=x'],
    ['import', 'POST', 'import_keys'],
  ])('that was public when it was linked and is private at the %s leads nowhere', async (_call, method, path) => {
    const id = await linked()
    outside.names.set(HOST, ['10.0.0.7'])
    const answer = await alice.call(method, `/v1/scm_integrations/${id}/${path}`)
    expect([answer.status, answer.json.code]).toEqual([503, 'scm_unavailable'])
    expect(answer.text).not.toContain('10.0.0.7')
    expect([contacted(), platform.seen]).toEqual([[], []])
  })

  it.each<[string, () => Promise<string[]>, string]>([
    [
      'nobody knows',
      () => Promise.reject(coded('ENOTFOUND')),
      'is a name that does not exist as seen from this server',
    ],
    ['has no address', async () => [], 'is a name that does not exist as seen from this server'],
    ['has no record of an address', () => Promise.reject(coded('ENODATA')), 'is a name that does not exist'],
    ['no name server knows just now', () => Promise.reject(coded('EAI_AGAIN')), 'The name server gave no answer for'],
    ['fails in an unknown way', () => Promise.reject(coded('EAI_MEMORY')), 'The name server gave no answer for'],
    ['takes for ever to look up', () => new Promise(() => undefined), 'The name server gave no answer for'],
  ])('that %s is said to be the trouble, quickly', async (_case, answer, words) => {
    outside.names.set(HOST, answer)
    const began = Date.now()
    const message = urlMessage(await create())
    expect(message).toContain(words)
    expect(message).toContain(HOST)
    expect(message).not.toMatch(/query|internal/)
    expect(Date.now() - began).toBeLessThan(3_000)
    expect(contacted()).toEqual([])
  })

  it('is waited for 5 seconds in earnest', () => {
    expect([LIMITS.dns, LIMITS.connect]).toEqual([5_000, 5_000])
  })

  it('with very many addresses is checked whole, and tried at few of them', async () => {
    outside.names.set(HOST, MANY)
    urlMessage(await create())
    expect(contacted().length).toBeGreaterThan(0)
    expect(contacted().length).toBeLessThanOrEqual(8)
    outside.forget()
    outside.names.set(HOST, [...MANY, 'fd00:ec2::254'])
    urlMessage(await create())
    expect([contacted(), outside.failures.map(({ range }) => range)]).toEqual([[], ['metadata']])
  })

  it('whose first address is dead is reached at its second', async () => {
    outside.names.set(HOST, ['93.184.216.1', PUBLIC])
    expect((await create()).status).toBe(201)
    expect(contacted()).toEqual(['93.184.216.1:443', `${PUBLIC}:443`])
  })

  it.each([METADATA, '10.0.0.7', '127.0.0.1', '::1', '0.0.0.0', ''])(
    'at a good address is not spoken to when the peer turns out to be "%s"',
    async (peer) => {
      outside.putAt(platform, PUBLIC, [443], peer)
      const { text } = await create()
      if (peer) expect(text).not.toContain(peer)
      expect(outside.failures).toHaveLength(1)
      expect(outside.failures[0]).toMatchObject({ host: HOST, address: peer })
      expect([contacted(), platform.seen]).toEqual([[`${PUBLIC}:443`], []])
    },
  )
})

function coded(code: string): Error {
  return Object.assign(new Error(`query ${code} internal.name.server`), { code })
}

describe('a redirect', () => {
  it('within the origin is followed', async () => {
    first = ({ url }, response) => {
      if (url !== '/api/v3/user') return false
      response.writeHead(301, { location: '/api/v3/user?moved' }).end()
      return true
    }
    const answer = await create()
    expect([answer.status, contacted()]).toEqual([201, [`${PUBLIC}:443`]])
    expect(platform.seen).toContain('GET /api/v3/user?moved')
  })

  it.each([
    ['https://evil.example.net/api/v3/user', 'https://evil.example.net'],
    ['//evil.example.net/api/v3/user', 'https://evil.example.net'],
    [`https://${HOST}:8443/api/v3/user`, `https://${HOST}:8443`],
    [`http://${HOST}/api/v3/user`, `http://${HOST}`],
    [`https://${HOST}@evil.example.net/`, 'https://evil.example.net'],
    [`https://${METADATA}/latest/meta-data/`, `https://${METADATA}`],
    ['http://169.254.169.254/latest/meta-data/', `http://${METADATA}`],
    ['http://2852039166/', `http://${METADATA}`],
    ['https://localhost/', 'https://localhost'],
    ['file:///etc/passwd', 'something that is not a web address'],
    ['javascript:alert(1)', 'something that is not a web address'],
  ])('to %s is not followed, and the message says where it leads', async (location, where) => {
    first = (_request, response) => Boolean(response.writeHead(302, { location }).end('moved'))
    const message = urlMessage(await create())
    expect(message).toBe(
      `${HOST} redirects to ${where}, and no token is sent after it. If that is your platform, use its address instead.`,
    )
    expect(contacted()).toEqual([`${PUBLIC}:443`])
    expect(outside.lookedUp.filter((name) => name !== HOST)).toEqual([])
    expect([foreign.seen, foreignTokens]).toEqual([[], []])
  })

  it('on a linked account leads away neither: 503, and nothing else is asked', async () => {
    const id = await linked()
    first = (_request, response) => Boolean(response.writeHead(307, { location: 'https://evil.example.net/' }).end())
    const answer = await alice.call('GET', `/v1/scm_integrations/${id}/search_repos?query=x`)
    expect([answer.status, answer.json.code, contacted()]).toEqual([503, 'scm_bad_response', [`${PUBLIC}:443`]])
    expect(foreign.seen).toEqual([])
  })

  it.each(['/', '/sign-in', '/api/v3x/user', '/api/v3/../v4/user', '/api/v3/%2e%2e/admin', '/api/v3'])(
    'to %s, outside of the API, is not followed',
    async (location) => {
      first = (_request, response) => Boolean(response.writeHead(302, { location }).end('moved'))
      expect(urlMessage(await create())).toContain(`${HOST} redirects to a path outside of its API.`)
      expect(platform.seen).toEqual(['GET /api/v3/user'])
    },
  )

  it('that never ends is left after 3', async () => {
    first = ({ url }, response) => Boolean(response.writeHead(302, { location: `${url}1` }).end())
    expect(urlMessage(await create())).toContain('redirects again and again')
    expect(platform.seen).toHaveLength(4)
  })
})

describe('a next page', () => {
  const key = (n: number) => ({ id: n, key: `ssh-ed25519 ${n}`, title: `key ${n}` })

  it.each([
    'https://evil.example.net/api/v3/user/keys?per_page=100&page=2',
    `https://${METADATA}/api/v3/user/keys?page=2`,
    'http://127.0.0.1/user/keys?page=2',
    `https://${HOST}:8443/api/v3/user/keys?page=2`,
    '//evil.example.net/x?page=2',
    `https://${HOST}/sign-out?page=2`,
  ])('at %s is asked for at our own address', async (next) => {
    const id = await linked()
    first = ({ url = '' }, response) => {
      if (!url.startsWith('/api/v3/user/keys')) return false
      if (url.includes('page=2')) json(response, [key(2)])
      else json(response, [key(1)], { link: `<${next}>; rel="next"` })
      return true
    }
    const answer = await alice.call('POST', `/v1/scm_integrations/${id}/import_keys`)
    expect([answer.status, answer.json.meta?.skipped?.length]).toEqual([201, 2])
    const paths = platform.seen.map((line) => line.split('?')[0])
    expect(new Set(paths.filter((path) => path?.includes('keys')))).toEqual(new Set(['GET /api/v3/user/keys']))
    expect([contacted(), foreign.seen]).toEqual([[`${PUBLIC}:443`], []])
    expect(outside.lookedUp.filter((name) => name !== HOST)).toEqual([])
  })

  it('that leads round in circles ends as nonsense', async () => {
    const id = await linked()
    first = (_request, response) =>
      Boolean(json(response, [key(1)], { link: '<https://evil.example.net/x?page=2>; rel="next"' }) ?? true)
    const answer = await alice.call('POST', `/v1/scm_integrations/${id}/import_keys`)
    expect([answer.status, answer.json.code, foreign.seen]).toEqual([503, 'scm_bad_response', []])
  })
})

describe('the picture of an account', () => {
  it.each([
    `https://${METADATA}/latest/meta-data/`,
    'https://127.0.0.1/avatar.png',
    'https://10.0.0.7/avatar.png',
    'https://inside.corp.lan/avatar.png',
    `http://${HOST}/avatar.png`,
    'https://localhost/avatar.png',
  ])('at %s is not fetched', async (avatar_url) => {
    first = ({ url }, response) => {
      if (url !== '/api/v3/user') return false
      json(response, { id: 1, login: 'octo', type: 'User', avatar_url }, { 'x-oauth-scopes': 'repo, user' })
      return true
    }
    outside.names.set('inside.corp.lan', ['10.0.0.7'])
    const id = await linked()
    const browser = openBrowser(service)
    await browser.signIn(alice)
    const picture = await browser.get(`/avatars/${id}`)
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/svg+xml; charset=utf-8'])
    expect([contacted(), foreign.seen]).toEqual([[], []])
  })
})
