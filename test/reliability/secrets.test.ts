// Reliability section 2: after a tour through everything, at trace level, no secret is in any output, nor in the store.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox, SandboxPlatform } from '../../sandbox/sandbox.ts'
import type { Environment } from '../../src/config.ts'
import { type Browser, openBrowser, ownAddress, readForm, sessionValueOf } from '../support/browser.ts'
import { secretsIn } from '../support/canaries.ts'
import { forgelink, prepareCommand, type RunningServer, startServer } from '../support/command.ts'
import { beginLinking, decide, linkByOAuth, OAUTH_NAMES, oauthSettings, tokenCalls } from '../support/oauth.ts'
import {
  type Surroundings,
  startSurroundings,
  tourAsIssuer,
  tourAsPerson,
  tourAsService,
} from '../support/platform-tour.ts'
import { linkBody, SELF_HOSTED, startPlatforms } from '../support/platforms.ts'
import { createTestDatabase, postgresUrl } from '../support/postgres.ts'
import { type Answer, basic, type Engine, exchange, send } from '../support/service.ts'

const PASSWORD = 'canary password, right & proper'
const WRONG_PASSWORD = 'canary password, wrong'
const NEW_PASSWORD = 'canary password, new'
const INVITED_PASSWORD = 'canary password, invited'
const PRIVATE_KEY =
  '-----BEGIN OPENSSH PRIVATE KEY-----\ncanary-private-key-0123456789\n-----END OPENSSH PRIVATE KEY-----'
const SECRET_KEY = 'canary-secret-key-of-32-bytes-xx'

const engines: Engine[] = postgresUrl() ? ['SQLite', 'PostgreSQL'] : ['SQLite']

describe.each(engines)('secrets (%s)', (engine) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'forgelink-secrets-'))
  let database: Awaited<ReturnType<typeof createTestDatabase>> | undefined
  let sandbox: Sandbox
  let surroundings: Surroundings
  let server: RunningServer
  /** By name. */
  const secrets: Record<string, string> = {
    PASSWORD,
    WRONG_PASSWORD,
    NEW_PASSWORD,
    INVITED_PASSWORD,
    PRIVATE_KEY,
    SECRET_KEY,
    METRICS_TOKEN: 'canary-metrics-token',
    SMTP_PASSWORD: 'canary-smtp-password',
  }
  /** What nobody may see a secret in: error answers, pages, addresses that a browser is sent on to. */
  const outputs: { from: string; text: string }[] = []

  function note(from: string, answer: Answer): Answer {
    const isPage = answer.headers.get('content-type')?.startsWith('text/html') ?? false
    if (answer.status >= 400 || isPage) outputs.push({ from, text: answer.text })
    const location = answer.headers.get('location')
    if (location?.startsWith('/')) outputs.push({ from: `${from} (location)`, text: location })
    return answer
  }

  beforeAll(async () => {
    await prepareCommand()
    const platforms = await startPlatforms()
    sandbox = platforms.sandbox
    if (engine === 'PostgreSQL') database = await createTestDatabase()
    const address = await ownAddress()
    surroundings = await startSurroundings(address.PUBLIC_URL)
    const settings: Environment = {
      ...platforms.settings,
      ...oauthSettings(sandbox),
      ...address,
      ...surroundings.settings,
      DATA_DIR: dataDir,
      DATABASE_URL: database?.url,
      SECRET_KEYS: `canary:${Buffer.from(SECRET_KEY).toString('base64')}`,
      METRICS_TOKEN: secrets.METRICS_TOKEN,
      // Nobody listens there.
      SMTP_URL: `smtp://me:${secrets.SMTP_PASSWORD}@127.0.0.1:9`,
      MAIL_FROM: 'forgelink@example.test',
      LOG_LEVEL: 'trace',
      RATE_LIMIT: '0',
    }
    server = await startServer(settings)
    const user = ['--email', 'carl@example.test', '--username', 'carl', '--password', PASSWORD, '--admin', '--json']
    secrets.apiToken = JSON.parse((await forgelink(['user', 'add', ...user], settings)).stdout).token
    await programTour()
    await browserTour()
    const tour = { url: server.url, settings, surroundings, secrets, note }
    for (const go of [tourAsService, tourAsIssuer, tourAsPerson]) await go(tour)
    await invitationTour(settings)
    outputs.push({ from: 'user list', text: (await forgelink(['user', 'list'], settings)).stdout })
    const metrics = await send('GET', `${server.url}/metrics`, undefined, {
      authorization: `Bearer ${secrets.METRICS_TOKEN}`,
    })
    outputs.push({ from: 'metrics', text: metrics.text })
    note(
      'metrics with another token',
      await send('GET', `${server.url}/metrics`, undefined, { authorization: 'Bearer x' }),
    )
  }, 240_000)
  afterAll(async () => {
    await server?.stop()
    await surroundings?.close()
    await sandbox?.close()
    await database?.drop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  /** Everything that a program can ask, well and badly. */
  async function programTour(): Promise<void> {
    const bearer = await exchange(server.url, secrets.apiToken ?? '')
    secrets.bearer = bearer
    const call = async (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
      note(
        `${method} ${path}`,
        await send(method, `${server.url}${path}`, body, { authorization: `Bearer ${bearer}`, ...headers }),
      )

    for (const name of SELF_HOSTED) {
      const platform = sandbox.platforms[name]
      secrets[`${name} token`] = platform.token('alice')
      secrets[`${name} other token`] = platform.token('bob')
      const { json } = await call('POST', '/v1/scm_integrations', linkBody(platform))
      const id = json.scm_integration.id
      await call('POST', '/v1/scm_integrations', linkBody(platform))
      await call('PATCH', `/v1/scm_integrations/${id}`, { access_token: platform.token('bob') })
      await call('POST', `/v1/scm_integrations/${id}/import_keys`)
      for (const path of ['health', 'orgs', 'search_repos?query=hello', 'branches?repo_name=alice/hello-world']) {
        await call('GET', `/v1/scm_integrations/${id}/${path}`)
      }
      if (name === 'gitlab-subpath') continue
      for (const fault of ['status-500', 'status-401', 'html-200', 'connection-closed'] as const) {
        platform.faults.set({ fault })
        await call('GET', `/v1/scm_integrations/${id}/search_repos?query=${fault}`)
        await call('POST', '/v1/scm_integrations', linkBody(platform, 'bob'))
      }
      platform.faults.clear()
    }
    const linkTo = (url: string, token: string) =>
      call('POST', '/v1/scm_integrations', { scm_type: 'gitlab-self-hosted', url, access_token: token })
    secrets.rejectedToken = 'canary-token-that-is-refused'
    secrets.oddToken = 'canary\r\nX-Token: odd'
    await linkTo('https://169.254.169.254', secrets.rejectedToken)
    await linkTo('https://gitlab.example.invalid', secrets.rejectedToken)
    await linkTo('https://gitlab.example.com', secrets.oddToken)
    await linkTo(`https://user:${encodeURIComponent(WRONG_PASSWORD)}@gitlab.example.com`, secrets.rejectedToken)
    await call('POST', '/v1/scm_integrations', `{"access_token": ${secrets.rejectedToken}`)
    await call('POST', '/v1/keys', { name: 'private', content: PRIVATE_KEY })
    await call('PUT', '/v1/users/account', { user: { password: NEW_PASSWORD } })
    await call('GET', `/v1/keys?access_token=${secrets.rejectedToken}`)
    await call('GET', `/v1/${secrets.rejectedToken}`)
    await call('GET', '/v1/keys', undefined, { authorization: `Bearer ${bearer}x` })
    await call('GET', '/v1/keys', undefined, { authorization: `Basic ${secrets.apiToken}` })
    const made = await call('POST', '/v1/tokens', { name: 'spare' })
    secrets.spareToken = made.json.token.token
    secrets.spareBearer = await exchange(server.url, secrets.spareToken ?? '')
    await call('DELETE', `/v1/tokens/${made.json.token.id}`)
    await call('POST', '/v1/tokens/exchange', undefined, basic('', secrets.spareToken ?? ''))
    await call('POST', '/v1/tokens', { name: 'x' }, basic('carl', WRONG_PASSWORD))
    await call('POST', '/v1/tokens', { name: 'x' }, basic(WRONG_PASSWORD, 'x'))
  }

  /** Signing in and out, linking by OAuth in every way that it can go, and renewing. */
  async function browserTour(): Promise<void> {
    const browser = openBrowser(server)
    const carl = { username: 'carl', password: PASSWORD }
    note('wrong sign-in', await signIn(browser, { ...carl, password: WRONG_PASSWORD }))
    note('sign-in', await signIn(browser, carl))
    secrets.cookie = sessionValueOf(browser) ?? ''
    secrets.deviceCookie = [...browser.cookies].find(([name]) => name.endsWith('-device'))?.[1] ?? ''
    secrets.csrf = (await browser.get('/session')).json.session.csrf_token
    note('a write without CSRF token', await browser.call('POST', '/v1/tokens', { name: 'x' }, { 'x-csrf-token': 'x' }))
    for (const path of ['/profile', '/repositories?query=x', '/docs']) notePage(path, await browser.get(path))

    for (const name of OAUTH_NAMES) {
      const platform = sandbox.platforms[name]
      platform.state.settings.oauth.expiring = true
      secrets[`${name} client secret`] = platform.oauth.secret
      notePage(`${name} link page`, await browser.get(`/users/${name}/link`))
      const rejected = await decide(browser, await beginWith(browser, name), { decision: 'refuse' })
      note('refused', await browser.get(rejected))
      const callback = await decide(browser, await beginWith(browser, name))
      platform.faults.set({ fault: 'status-500', path: 'token$' })
      note('token endpoint down', await browser.get(callback))
      platform.faults.clear()
      note('replayed', await browser.get(callback))
      const id = await linkByOAuth(browser, name)
      noteTokens(platform, name)
      await browser.call('GET', `/v1/scm_integrations/${id}/orgs`)
      // The platform ends the token, so that it is renewed at the next call.
      for (const token of platform.state.tokens) if (token.oauth) token.expiresAt = '2025-01-01T00:00:00Z'
      expect((await browser.call('GET', `/v1/scm_integrations/${id}/orgs`)).status).toBe(200)
      noteTokens(platform, name)
      await browser.call('DELETE', `/v1/scm_integrations/${id}`)
    }
    await linkByOAuth(browser, 'gitlab')
    noteTokens(sandbox.platforms.gitlab, 'gitlab again')
    const change = { password: { current: PASSWORD, new: NEW_PASSWORD } }
    note('password change', await browser.call('PUT', '/session/password', change))
    const other = openBrowser(server)
    await signIn(other, { ...carl, password: NEW_PASSWORD })
    secrets.otherCookie = sessionValueOf(other) ?? ''
    note('sign-out', await other.post('/sign-out', { csrf: (await other.get('/session')).json.session.csrf_token }))
  }

  /** A link to set a password: printed by the operator, opened well and badly; and one that cannot be mailed. */
  async function invitationTour(settings: Environment): Promise<void> {
    const printed = await forgelink(['user', 'password', 'carl', '--link', '--json'], settings)
    const { user, invitation } = JSON.parse(printed.stdout)
    const { pathname } = new URL(invitation.url)
    secrets.invitation = pathname.split('/').at(-1) ?? ''
    // The form goes to its own address.
    const noteForm = (from: string, answer: Answer) =>
      notePage(from, { ...answer, text: answer.text.replaceAll(pathname, '') })
    const browser = openBrowser(server)
    const page = await browser.get(pathname)
    noteForm('invitation', page)
    const fields = { password: INVITED_PASSWORD, again: INVITED_PASSWORD }
    noteForm('invitation without CSRF token', await browser.post(pathname, fields))
    noteForm('invitation with two passwords', await browser.submit(page, { ...fields, again: WRONG_PASSWORD }))
    expect(note('invitation used', await browser.submit(page, fields)).status).toBe(303)
    noteForm('invitation used again', await browser.submit(page, fields))
    secrets.invitedCookie = sessionValueOf(browser) ?? ''
    const unmailed = await browser.call('POST', `/v1/admin/users/${user.id}/invitation`)
    expect([note('mail', unmailed).status, unmailed.json.code]).toEqual([503, 'mail_unavailable'])
  }

  async function signIn(browser: Browser, fields: { username: string; password: string }): Promise<Answer> {
    const page = await browser.get('/sign-in')
    return browser.submit(page, { login: fields.username, password: fields.password })
  }

  /** A page of ours has the CSRF token of its form, and no other secret. */
  function notePage(from: string, answer: Answer): void {
    const csrf = answer.text.includes('name="csrf"') ? readForm(answer.text).hidden.csrf : undefined
    note(from, { ...answer, text: csrf ? answer.text.replaceAll(csrf, '') : answer.text })
  }

  async function beginWith(browser: Browser, name: (typeof OAUTH_NAMES)[number]): Promise<string> {
    const address = await beginLinking(browser, name)
    secrets[`${name} state ${Object.keys(secrets).length}`] = new URL(address).searchParams.get('state') ?? ''
    return address
  }

  /** What the platform has given out and been sent so far. */
  function noteTokens(platform: SandboxPlatform, name: string): void {
    for (const token of platform.state.tokens)
      if (token.oauth) secrets[`${name} token ${token.value.slice(-6)}`] = token.value
    for (const token of platform.state.refreshTokens) secrets[`${name} refresh ${token.value.slice(-6)}`] = token.value
    for (const { body } of tokenCalls(platform)) {
      for (const field of ['code', 'code_verifier']) {
        const value = new URLSearchParams(body).get(field)
        if (value) secrets[`${name} ${field} ${value.slice(-6)}`] = value
      }
    }
  }

  async function storeText(): Promise<string> {
    if (!database) {
      const files = readdirSync(dataDir).filter((file) => file !== 'first-start.txt')
      expect(files).toContain('forgelink.db')
      return files.map((file) => readFileSync(join(dataDir, file), 'latin1')).join('\n')
    }
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    const { rows: tables } = await client.query("select tablename from pg_tables where schemaname = 'public'")
    const texts: string[] = []
    for (const { tablename } of tables) {
      const { rows } = await client.query(`select t::text as text from "${tablename}" t`)
      texts.push(...rows.map(({ text }) => text))
    }
    await client.end()
    return texts.join('\n')
  }

  it('went far enough: there are many different ones', () => {
    const values = [...new Set(Object.values(secrets))]
    expect(values.filter((value) => value.length < 8)).toEqual([])
    expect(values.length).toBeGreaterThan(40)
    expect(outputs.length).toBeGreaterThan(50)
  })

  it('are in no line of the log, at trace level', () => {
    expect(server.output()).toContain('"route":"/v1/scm_integrations/:id/search_repos"')
    expect(server.output()).toContain('"msg":"scm_call"')
    expect(server.output()).toContain('"route":"/invitations/:secret"')
    expect(server.output()).toContain('"msg":"mail_not_sent"')
    expect(secretsIn(server.output(), secrets)).toEqual([])
  })

  it('are in no error, page, metric or address', () => {
    for (const { from, text } of outputs) expect([from, secretsIn(text, secrets)]).toEqual([from, []])
  })

  it('are not in the store', async () => {
    const text = await storeText()
    expect(text).toContain('carl@example.test')
    expect(secretsIn(text, secrets)).toEqual([])
  })
})
