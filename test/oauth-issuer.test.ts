// RFC 9207: the issuer that a platform names in a callback, with the default settings (github.com and gitlab.com themselves).
// github.com sends `iss=https://github.com/login/oauth` with every callback since 19 August 2026:
// https://docs.github.com/en/apps/github-authentication-discovery-endpoints, https://github.com/langfuse/langfuse/issues/13091

import { afterAll, beforeAll, expect, it } from 'vitest'
import { startSandbox } from '../sandbox/sandbox.ts'
import { type Browser, openBrowser, ownAddress } from './support/browser.ts'
import { json } from './support/fault-server.ts'
import {
  beginLinking,
  decide,
  headingOf,
  linkByOAuth,
  OAUTH_NAMES,
  type OAuthName,
  oauthSettings,
} from './support/oauth.ts'
import { type Outside, startOutside } from './support/outside.ts'
import { type Answer, type Service, startService } from './support/service.ts'

const CLIENTS = {
  GITHUB_CLIENT_ID: 'the-id',
  GITHUB_CLIENT_SECRET: 'the-secret',
  GITLAB_CLIENT_ID: 'the-id',
  GITLAB_CLIENT_SECRET: 'the-secret',
}
const HOSTS = ['github.com', 'api.github.com', 'gitlab.com', 'git.example.com']

let outside: Outside
const open: { close(): Promise<void> }[] = []

beforeAll(async () => {
  outside = await startOutside()
  const platform = await outside.servePlatform(HOSTS, (request, response) => {
    const path = request.url ?? ''
    if (/access_token$|oauth\/token$/.test(path))
      return json(response, { access_token: 'a-token', token_type: 'bearer' })
    if (/\/user$/.test(path)) {
      return json(response, { id: 7, login: 'octo', username: 'octo', email: 'octo@example.com', type: 'User' })
    }
    return response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"Not Found"}')
  })
  outside.putAt(platform, '93.184.215.14')
  for (const host of HOSTS) outside.names.set(host, ['93.184.215.14'])
  outside.network.exempt(platform.origin)
})
afterAll(async () => {
  for (const one of open) await one.close()
  await outside.close()
})

async function start(environment = {}): Promise<{ service: Service; browser: Browser }> {
  const address = await ownAddress()
  outside.network.exempt(address.PUBLIC_URL ?? '')
  const service = await startService(
    'SQLite',
    { ...address, ...outside.settings, ...CLIENTS, ...environment },
    outside.options,
  )
  open.unshift(service)
  const browser = openBrowser(service)
  await browser.signIn(await service.addAccount('alice'))
  return { service, browser }
}

/** What our callback answers to what the platform sent the browser back with. */
async function sentBack(browser: Browser, name: OAuthName, answer: Record<string, string>): Promise<Answer> {
  const asked = new URL(await beginLinking(browser, name)).searchParams
  const query = new URLSearchParams({ state: asked.get('state') ?? '', ...answer })
  return browser.get(`/users/${name}/callback?${query}`)
}

const cases: [server: string, name: OAuthName, environment: object, taken: string[], rejected: string[]][] = [
  [
    'github.com',
    'github',
    {},
    ['https://github.com/login/oauth'],
    [
      'https://github.com',
      'https://github.com/login/oauth/',
      'https://evil.example/login/oauth',
      'https://gitlab.com',
      '',
    ],
  ],
  ['gitlab.com', 'gitlab', {}, ['https://gitlab.com'], ['https://gitlab.com/', 'https://github.com/login/oauth']],
  [
    'another GitHub',
    'github',
    { GITHUB_URL: 'https://git.example.com' },
    ['https://git.example.com/login/oauth', 'https://git.example.com'],
    ['https://github.com/login/oauth', 'https://evil.example'],
  ],
]
it.each(cases)('%s: takes its own issuer and no other', async (_server, name, environment, taken, rejected) => {
  const { browser } = await start(environment)
  for (const iss of taken) {
    const answer = await sentBack(browser, name, { code: 'the-code', iss })
    expect([iss, answer.status, answer.headers.get('location')]).toEqual([
      iss,
      303,
      expect.stringMatching(/^\/profile\?linked=/),
    ])
  }
  for (const iss of rejected) {
    const answer = await sentBack(browser, name, { code: 'the-code', iss })
    expect([iss, answer.status, headingOf(answer)]).toEqual([iss, 400, 'The answer came from somewhere else'])
  }
  expect((await sentBack(browser, name, { code: 'the-code' })).status).toBe(303)
})

it('tells a refusal as a refusal, whatever issuer comes with it', async () => {
  const { browser } = await start()
  for (const iss of ['https://github.com/login/oauth', 'https://evil.example']) {
    const answer = await sentBack(browser, 'github', { error: 'access_denied', iss })
    expect([answer.status, headingOf(answer)]).toEqual([400, 'You did not allow it'])
  }
})

it.each(OAUTH_NAMES)('%s of the sandbox names itself as the real one does, and is linked', async (name) => {
  const sandbox = await startSandbox({ ports: 'free' })
  open.unshift(sandbox)
  for (const { url } of Object.values(sandbox.platforms)) outside.network.exempt(url)
  const { browser } = await start(oauthSettings(sandbox))
  const { url } = sandbox.platforms[name]
  for (const decision of ['allow', 'refuse']) {
    const back = new URL(await decide(browser, await beginLinking(browser, name), { decision }))
    expect(back.searchParams.getAll('iss')).toEqual(name === 'github' ? [`${url}/login/oauth`] : [])
  }
  expect(await linkByOAuth(browser, name)).toMatch(/^[0-9a-f-]{36}$/)
})
