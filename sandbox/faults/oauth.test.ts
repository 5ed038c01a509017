// The faults of token endpoints.

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

function get(platform: SandboxPlatform, path = '/user'): Promise<Answer> {
  return ask(platform, path, { token: platform.token('alice') })
}
describe('token endpoints', () => {
  async function token(platform: SandboxPlatform, form: Record<string, string>): Promise<Answer> {
    const path = platform === github ? '/login/oauth/access_token' : '/oauth/token'
    const client = { client_id: platform.oauth.id, client_secret: platform.oauth.secret }
    const headers = { accept: 'application/json' }
    return ask(platform, `${platform.url}${path}`, { form: { ...client, ...form }, headers })
  }

  async function pair(): Promise<Answer> {
    const { newGrant } = await import('../oauth/grants.ts')
    const { gitlabOauth } = await import('../gitlab/oauth.ts')
    const common = { clientId: gitlab.oauth.id, redirectUri: 'http://localhost/', codeChallenge: null, offline: true }
    const { code } = newGrant(gitlabOauth, gitlab.state, { ...common, userId: 42, scopes: ['read_api'] })
    return token(gitlab, { grant_type: 'authorization_code', code, redirect_uri: 'http://localhost/' })
  }

  test('a bad refresh token, said with status 200, on refreshing only', async () => {
    github.faults.set({ fault: 'oauth-bad-refresh-token' })
    const rejected = await token(github, { grant_type: 'refresh_token', refresh_token: 'x' })
    expect([rejected.status, fieldsOf(rejected).error]).toEqual([200, 'bad_refresh_token'])
    expect(fieldsOf(await token(github, { code: 'x' })).error).toBe('bad_verification_code')
    expect((await get(github)).status).toBe(200)
  })

  test('invalid_grant and invalid_client', async () => {
    gitlab.faults.set({ fault: 'oauth-invalid-grant' })
    expect([(await pair()).status, fieldsOf(await pair()).error]).toEqual([400, 'invalid_grant'])
    gitlab.faults.set({ fault: 'oauth-invalid-client' })
    expect((await pair()).status).toBe(401)
  })

  test('an application that does not exist, and one that asks too often', async () => {
    for (const [platform, error] of [
      [github, 'Not Found'],
      [gitlab, '404 Not Found'],
    ] as const) {
      platform.faults.set({ fault: 'oauth-not-found' })
      const rejected = await token(platform, { code: 'x' })
      expect([rejected.status, rejected.body]).toEqual([404, { error }])
    }
    github.faults.set({ fault: 'oauth-slow-down' })
    expect(fieldsOf(await token(github, { code: 'x' })).error).toBe('slow_down')
  })

  test('somebody in between', async () => {
    const seen: unknown[] = []
    for (const fault of ['oauth-foreign', 'oauth-foreign-page', 'oauth-foreign-empty'] as const) {
      gitlab.faults.set({ fault, value: 403 })
      const { status, text } = await token(gitlab, { code: 'x' })
      seen.push([status, text.slice(0, 14)])
    }
    expect(seen).toEqual([
      [403, '{"status":401,'],
      [403, '<!DOCTYPE html'],
      [403, ''],
    ])
  })

  test('answers that leave something out', async () => {
    gitlab.faults.set({ fault: 'oauth-no-expires-in' })
    expect(Object.keys(fieldsOf(await pair()))).not.toContain('expires_in')
    gitlab.faults.set({ fault: 'oauth-no-refresh-token' })
    expect(Object.keys(fieldsOf(await pair()))).not.toContain('refresh_token')
    gitlab.faults.set({ fault: 'oauth-no-scope' })
    expect(Object.keys(fieldsOf(await pair()))).not.toContain('scope')
  })

  test('an answer that is lost has spent the refresh token', async () => {
    const { refresh_token } = fieldsOf(await pair())
    gitlab.faults.set({ fault: 'answer-lost', times: 1 })
    const form = { grant_type: 'refresh_token', refresh_token: String(refresh_token) }
    await expect(token(gitlab, form)).rejects.toThrow()
    expect(fieldsOf(await token(gitlab, form)).error).toBe('invalid_grant')
  })
})
