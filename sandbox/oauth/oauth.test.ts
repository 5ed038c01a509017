// OAuth of both simulated platforms, from the page to the revoked token.

import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, ask, fieldsOf } from '../../test/support/sandbox-client.ts'
import { type Sandbox, type SandboxPlatform, startSandbox } from '../sandbox.ts'

let sandbox: Sandbox
let github: SandboxPlatform
let gitlab: SandboxPlatform

beforeAll(async () => {
  sandbox = await startSandbox({ ports: 'free' })
  github = sandbox.platforms.github
  gitlab = sandbox.platforms.gitlab
})
beforeEach(() => sandbox.reset())
afterAll(() => sandbox.close())

const verifier = 'v'.repeat(43)
const challenge = createHash('sha256').update(verifier).digest('base64url')
const json = { accept: 'application/json' }

function callback({ scmType }: SandboxPlatform): string {
  return `http://127.0.0.1:9999/users/${scmType}/callback`
}

function authorizeUrl(platform: SandboxPlatform): string {
  return `${platform.url}${platform === github ? '/login' : ''}/oauth/authorize`
}

function tokenUrl(platform: SandboxPlatform): string {
  return platform === github ? `${platform.url}/login/oauth/access_token` : `${platform.url}/oauth/token`
}

function request(platform: SandboxPlatform, more: Record<string, string> = {}): Record<string, string> {
  return {
    client_id: platform.oauth.id,
    redirect_uri: callback(platform),
    response_type: 'code',
    scope: platform === github ? 'user:email read:org read:public_key' : 'read_api',
    state: 'the-state',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...more,
  }
}

async function allow(platform: SandboxPlatform, more: Record<string, string> = {}): Promise<URL> {
  const form = { ...request(platform, more), user: more.user ?? 'alice', decision: 'allow' }
  const answer = await ask(platform, authorizeUrl(platform), { form })
  expect(answer.status).toBe(302)
  return new URL(answer.headers.get('location') ?? '')
}

function credentials(platform: SandboxPlatform): Record<string, string> {
  return { client_id: platform.oauth.id, client_secret: platform.oauth.secret }
}

function exchange(platform: SandboxPlatform, code: string, more: Record<string, string> = {}): Promise<Answer> {
  const form = {
    ...credentials(platform),
    grant_type: 'authorization_code',
    code,
    redirect_uri: callback(platform),
    code_verifier: verifier,
    ...more,
  }
  return ask(platform, tokenUrl(platform), { form, headers: json })
}

function refreshWith(platform: SandboxPlatform, refreshToken: unknown): Promise<Answer> {
  const form = { ...credentials(platform), grant_type: 'refresh_token', refresh_token: String(refreshToken) }
  return ask(platform, tokenUrl(platform), { form, headers: json })
}

async function linked(platform: SandboxPlatform, more: Record<string, string> = {}) {
  const code = (await allow(platform, more)).searchParams.get('code') ?? ''
  return fieldsOf(await exchange(platform, code))
}

async function statusOf(platform: SandboxPlatform, token: unknown): Promise<number> {
  return (await ask(platform, '/user', { token: String(token) })).status
}

describe.each(['github', 'gitlab'] as const)('%s', (name) => {
  const platform = () => sandbox.platforms[name]

  test('the page names the people and the scopes, and works as a plain form', async () => {
    const query = new URLSearchParams(request(platform()))
    const page = await ask(platform(), `${authorizeUrl(platform())}?${query}`)
    expect(page.status).toBe(200)
    expect(page.text).toContain('value="john-diggle"')
    expect(page.text).toContain(name === 'github' ? '<code>read:org</code>' : '<code>read_api</code>')
    expect(page.text).toContain('name="state" value="the-state"')
    expect(page.text).not.toContain('<script')
  })

  test('allowed: a code and the state come back, and the token is that person’s', async () => {
    const back = await allow(platform(), { user: 'john-diggle' })
    expect(back.href.startsWith(callback(platform()))).toBe(true)
    expect(back.searchParams.get('state')).toBe('the-state')
    const { access_token } = fieldsOf(await exchange(platform(), back.searchParams.get('code') ?? ''))
    const profile = fieldsOf(await ask(platform(), '/user', { token: String(access_token) }))
    expect(profile[name === 'github' ? 'login' : 'username']).toBe('john-diggle')
  })

  test('refused: access_denied and the state', async () => {
    const form = { ...request(platform()), user: 'alice', decision: 'refuse' }
    const { headers } = await ask(platform(), authorizeUrl(platform()), { form })
    const back = new URL(headers.get('location') ?? '')
    expect([back.searchParams.get('error'), back.searchParams.get('state')]).toEqual(['access_denied', 'the-state'])
  })

  test.each([
    ['an unknown client', { client_id: 'nobody' }],
    ['another address', { redirect_uri: 'https://evil.example/users/github/callback' }],
    ['another path', { redirect_uri: 'http://127.0.0.1:9999/elsewhere' }],
    ['no address at all', { redirect_uri: 'nonsense' }],
  ])('%s is an error page without a redirect', async (_, wrong) => {
    const query = new URLSearchParams(request(platform(), wrong))
    const page = await ask(platform(), `${authorizeUrl(platform())}?${query}`)
    expect(page.status).toBeGreaterThanOrEqual(400)
    expect(page.headers.get('location')).toBeNull()
  })

  test('other addresses work only while any loopback callback is allowed', async () => {
    platform().state.settings.oauth.anyLoopbackCallback = false
    const query = new URLSearchParams(request(platform()))
    expect((await ask(platform(), `${authorizeUrl(platform())}?${query}`)).status).toBe(400)
    platform().state.settings.oauth.redirectUris.push(callback(platform()))
    expect((await ask(platform(), `${authorizeUrl(platform())}?${query}`)).status).toBe(200)
  })

  test('a plain challenge goes back as invalid_request', async () => {
    const query = new URLSearchParams(request(platform(), { code_challenge_method: 'plain' }))
    const { headers } = await ask(platform(), `${authorizeUrl(platform())}?${query}`)
    expect(headers.get('location')).toContain('error=invalid_request')
  })

  test.each([
    ['a code used twice', {}, true],
    ['a wrong verifier', { code_verifier: 'w'.repeat(43) }, false],
    ['no verifier', { code_verifier: '' }, false],
    ['another redirect_uri', { redirect_uri: 'http://127.0.0.1:1/users/github/callback' }, false],
    ['another code', { code: 'never-given' }, false],
  ])('%s gets no token', async (_, wrong, first) => {
    const code = (await allow(platform())).searchParams.get('code') ?? ''
    if (first) expect(fieldsOf(await exchange(platform(), code))).toHaveProperty('access_token')
    const answer = await exchange(platform(), code, wrong)
    expect(answer.status).toBe(name === 'github' ? 200 : 400)
    const github = 'redirect_uri' in wrong ? 'redirect_uri_mismatch' : 'bad_verification_code'
    expect(fieldsOf(answer).error).toBe(name === 'github' ? github : 'invalid_grant')
  })

  test('a code lives ten minutes', async () => {
    const code = (await allow(platform())).searchParams.get('code') ?? ''
    platform().state.now = () => Date.now() + 601_000
    expect(fieldsOf(await exchange(platform(), code))).not.toHaveProperty('access_token')
  })

  test('a wrong secret', async () => {
    const answer = await exchange(platform(), 'x', { client_secret: 'wrong' })
    expect(answer.status).toBe(name === 'github' ? 200 : 401)
    expect(fieldsOf(answer).error).toBe(name === 'github' ? 'incorrect_client_credentials' : 'invalid_client')
  })

  test('refresh gives a new pair, and both old ones are dead', async () => {
    platform().state.settings.oauth.expiring = true
    const old = await linked(platform())
    const fresh = fieldsOf(await refreshWith(platform(), old.refresh_token))
    expect(fresh.refresh_token).not.toBe(old.refresh_token)
    expect(await statusOf(platform(), old.access_token)).toBe(401)
    expect(await statusOf(platform(), fresh.access_token)).toBe(200)
  })

  test('a refresh token shown twice kills the whole family', async () => {
    platform().state.settings.oauth.expiring = true
    const old = await linked(platform())
    const fresh = fieldsOf(await refreshWith(platform(), old.refresh_token))
    const again = await refreshWith(platform(), old.refresh_token)
    expect(fieldsOf(again).error).toBe(name === 'github' ? 'bad_refresh_token' : 'invalid_grant')
    expect(await statusOf(platform(), fresh.access_token)).toBe(401)
    expect(fieldsOf(await refreshWith(platform(), fresh.refresh_token))).toHaveProperty('error')
  })

  test('an access token expires when its time is over', async () => {
    Object.assign(platform().state.settings.oauth, { expiring: true, accessTokenSeconds: 5 })
    const { access_token, expires_in } = await linked(platform())
    expect(expires_in).toBe(5)
    expect(await statusOf(platform(), access_token)).toBe(200)
    platform().state.now = () => Date.now() + 6000
    expect(await statusOf(platform(), access_token)).toBe(401)
  })

  test('fewer scopes can be granted than were asked for', async () => {
    platform().state.settings.oauth.grantOnly = ['user:email', 'read_user']
    const scope = name === 'github' ? 'user:email read:org' : 'read_user read_api'
    expect((await linked(platform(), { scope })).scope).toBe(name === 'github' ? 'user:email' : 'read_user')
  })

  test('what the person unticks is not granted', async () => {
    const { scope } = await linked(platform(), { edited: '1' })
    expect(scope).toBe('')
  })
})

describe('GitHub alone', () => {
  // https://github.com/orgs/community/discussions/204963
  test('tokens of a new app expire; of an old one when it says so or offline_access was asked for', async () => {
    expect(await linked(github)).toMatchObject({ expires_in: 28_800, refresh_token: expect.stringMatching(/^ghr_/) })
    github.state.settings.oauth.expiring = false
    expect(await linked(github)).not.toHaveProperty('refresh_token')
    const offline = await linked(github, { scope: 'user:email offline_access' })
    expect(offline).toMatchObject({ expires_in: 28_800, refresh_token_expires_in: 15_897_600, scope: 'user:email' })
  })

  test('scopes come comma-separated, the narrower folded into the wider', async () => {
    expect((await linked(github)).scope).toBe('read:org,read:public_key,user:email')
    expect((await linked(github, { scope: 'user user:email repo' })).scope).toBe('repo,user')
  })

  test('without Accept: application/json the answer is a form', async () => {
    const form = { ...credentials(github), code: 'x' }
    const answer = await ask(github, tokenUrl(github), { form })
    expect(answer.headers.get('content-type')).toContain('application/x-www-form-urlencoded')
    expect(new URLSearchParams(answer.text).get('error')).toBe('bad_verification_code')
  })

  // https://github.com/octokit/auth-oauth-user.js/issues/239
  test('an unknown application is a 404', async () => {
    const answer = await exchange(github, 'x', { client_id: 'unknown' })
    expect([answer.status, answer.body]).toEqual([404, { error: 'Not Found' }])
  })

  test('a GitHub App gives tokens without scopes', async () => {
    github.state.oauthClients.push({ id: 'Iv23liSandboxApp', secret: 'app-secret' })
    const client = { client_id: 'Iv23liSandboxApp', client_secret: 'app-secret' }
    const code = (await allow(github, client)).searchParams.get('code') ?? ''
    const pair = fieldsOf(await exchange(github, code, client))
    expect(pair).toMatchObject({ access_token: expect.stringMatching(/^ghu_/), scope: '', expires_in: 28_800 })
  })

  test('somebody without a verified address gets no token', async () => {
    expect((await linked(github, { user: 'bob' })).error).toBe('unverified_user_email')
  })

  test('the app checks and revokes its tokens, the grant takes all', async () => {
    const first = await linked(github)
    const second = await linked(github)
    const basic = Buffer.from(`${github.oauth.id}:${github.oauth.secret}`).toString('base64')
    const call = (method: string, path: string, token: unknown, authorization = `Basic ${basic}`) =>
      ask(github, `/applications/${github.oauth.id}/${path}`, {
        method,
        json: { access_token: token },
        headers: { authorization },
      })
    expect(fieldsOf(await call('POST', 'token', first.access_token))).toMatchObject({ user: { login: 'alice' } })
    expect((await call('POST', 'token', 'unknown')).status).toBe(404)
    expect((await call('POST', 'token', github.token('alice'))).status).toBe(404)
    expect((await call('DELETE', 'token', first.access_token, 'Basic eDp5')).status).toBe(404)
    expect((await call('DELETE', 'token', first.access_token)).status).toBe(204)
    expect(await statusOf(github, first.access_token)).toBe(401)
    expect(await statusOf(github, second.access_token)).toBe(200)
    expect((await call('DELETE', 'grant', second.access_token)).status).toBe(204)
    expect(await statusOf(github, second.access_token)).toBe(401)
  })

  test('the eleventh token ends the first', async () => {
    const tokens: unknown[] = []
    for (let n = 0; n < 11; n++) tokens.push((await linked(github)).access_token)
    expect(await statusOf(github, tokens[0])).toBe(401)
    expect(await statusOf(github, tokens[1])).toBe(200)
  })
})

describe('GitLab alone', () => {
  test('tokens expire after two hours and tell when they were made', async () => {
    const pair = await linked(gitlab)
    expect(pair).toMatchObject({ token_type: 'Bearer', expires_in: 7200, scope: 'read_api' })
    expect(Number(pair.created_at)).toBeCloseTo(Date.now() / 1000, -2)
  })

  test('the second OAuth server has other forms of codes and tokens', async () => {
    gitlab.state.settings.oauth.iam = true
    const code = (await allow(gitlab)).searchParams.get('code') ?? ''
    expect(code).toMatch(/^gliamac-.{400}$/)
    const pair = fieldsOf(await exchange(gitlab, code))
    expect(pair).toMatchObject({
      access_token: expect.stringMatching(/^gliamat-[\w-]+\.[\w-]+\.[\w-]+$/),
      refresh_token: expect.stringMatching(/^gliamrt-/),
    })
    expect(await statusOf(gitlab, pair.access_token)).toBe(200)
  })

  test('an unknown scope goes back as invalid_scope', async () => {
    const query = new URLSearchParams(request(gitlab, { scope: 'read_api everything' }))
    const { headers } = await ask(gitlab, `${authorizeUrl(gitlab)}?${query}`)
    expect(headers.get('location')).toContain('error=invalid_scope')
  })

  test('token info is for OAuth tokens, the personal one for the others', async () => {
    const { access_token } = await linked(gitlab)
    const info = await ask(gitlab, `${gitlab.url}/oauth/token/info`, { token: String(access_token) })
    expect(fieldsOf(info)).toMatchObject({ resource_owner_id: 42, scope: ['read_api'] })
    expect((await ask(gitlab, '/personal_access_tokens/self', { token: String(access_token) })).status).toBe(400)
    expect((await ask(gitlab, `${gitlab.url}/oauth/token/info`, { token: gitlab.token('alice') })).status).toBe(401)
    expect((await ask(gitlab, '/user', { headers: { 'private-token': String(access_token) } })).status).toBe(401)
  })

  test('revoke: its own, unknown ones, and never another’s', async () => {
    const { access_token, refresh_token } = await linked(gitlab)
    const revoke = (token: unknown, client = credentials(gitlab)) =>
      ask(gitlab, `${gitlab.url}/oauth/revoke`, { form: { ...client, token: String(token) } })
    gitlab.state.oauthClients.push({ id: 'other', secret: 'other-secret' })
    const other = { client_id: 'other', client_secret: 'other-secret' }
    expect((await revoke(access_token, other)).status).toBe(403)
    expect((await revoke('unknown')).body).toEqual({})
    expect((await revoke(access_token)).status).toBe(200)
    expect(await statusOf(gitlab, access_token)).toBe(401)
    expect((await refreshWith(gitlab, refresh_token)).status).toBe(400)
  })

  test('under a path everything is under it', async () => {
    const subpath = sandbox.platforms['gitlab-subpath']
    const query = new URLSearchParams({ ...request(gitlab), client_id: subpath.oauth.id })
    const page = await ask(subpath, `${subpath.url}/oauth/authorize?${query}`)
    expect(page.text).toContain(`action="${subpath.url}/oauth/authorize"`)
  })
})
