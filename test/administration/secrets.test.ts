// No secret is in any answer to an administrator, whatever the answer is about.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { openBrowser, ownAddress, sessionValueOf } from '../support/browser.ts'
import { secretsIn } from '../support/canaries.ts'
import { linkByOAuth, livingTokens, oauthSettings } from '../support/oauth.ts'
import { linkAccount } from '../support/platforms.ts'
import { listRoutes } from '../support/routes.ts'
import { type Account, describeOnBothEngines, type Service, startService } from '../support/service.ts'
import { addService } from '../support/service-tokens.ts'

const METHODS = ['GET', 'POST', 'PATCH', 'DELETE']

function rank(route: string): number {
  return METHODS.indexOf(route.split(' ')[0] ?? '')
}

describeOnBothEngines('what administrators are answered', (engine) => {
  let sandbox: Sandbox
  let service: Service
  let admin: Account
  let alice: Account
  const secrets: Record<string, string> = {}

  beforeAll(async () => {
    sandbox = await startSandbox({ ports: 'free' })
    const ghes = sandbox.platforms['github-enterprise']
    service = await startService(engine, {
      ...(await ownAddress()),
      ...oauthSettings(sandbox),
      ALLOWED_HOSTS: new URL(ghes.url).origin,
    })
    admin = await service.addAccount('root')
    alice = await service.addAccount('alice')
    const browser = openBrowser(service)
    await browser.signIn(alice)
    await linkByOAuth(browser, 'gitlab')
    await linkAccount(alice, ghes)
    const svc = await addService(service, { scopes: ['users:act', 'read'] })
    await collectSecrets(ghes.token('alice', 'full'), sessionValueOf(browser) ?? '', svc.token)
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  async function collectSecrets(pasted: string, cookie: string, serviceToken: string): Promise<void> {
    Object.assign(secrets, { pasted, cookie, serviceToken, apiToken: alice.token, jwt: alice.bearer })
    for (const [n, token] of livingTokens(sandbox.platforms.gitlab).entries()) secrets[`oauth ${n}`] = token
    const { database } = service.services
    const [links, tokens, services, sessions, users] = await Promise.all([
      database.selectFrom('scmIntegrations').select(['id', 'accessToken', 'refreshToken']).execute(),
      database.selectFrom('apiTokens').select(['id', 'tokenHash']).execute(),
      database.selectFrom('serviceTokens').select(['id', 'tokenHash']).execute(),
      database.selectFrom('sessions').select('idHash').execute(),
      database.selectFrom('users').select(['id', 'passwordHash']).execute(),
    ])
    for (const { id, accessToken, refreshToken } of links) {
      secrets[`sealed ${id}`] = accessToken
      if (refreshToken) secrets[`sealed refresh ${id}`] = refreshToken
    }
    for (const { id, tokenHash } of [...tokens, ...services]) secrets[`hash ${id}`] = tokenHash
    for (const [n, { idHash }] of sessions.entries()) secrets[`session ${n}`] = idHash
    for (const { id, passwordHash } of users) secrets[`password ${id}`] = passwordHash ?? 'none'
  }

  it('has none of the secrets, on any route', async () => {
    const reader = await addService(service, { scopes: ['admin:read', 'admin:write', 'access_tokens'] })
    const routes = (await listRoutes(service)).filter((route) => route.includes(' /v1/admin/'))
    expect(routes.length).toBeGreaterThan(15)
    expect(Object.keys(secrets).length).toBeGreaterThan(10)
    // Read, then make, change, and delete: the user last.
    const ordered = routes.toReversed().sort((one, other) => rank(one) - rank(other))
    for (const route of ordered) {
      const [method = '', path = ''] = route.split(' ')
      const asked = path.replace(':id', alice.id).replace(':one', 'github-enterprise')
      const body = { PATCH: { user: { active: false } }, POST: { user: { username: 'someone' } } }[method]
      for (const ask of [admin.call, reader.call]) {
        const answer = await ask(method, asked, body)
        expect([route, answer.status < 500]).toEqual([route, true])
        expect([route, secretsIn(answer.text, secrets)]).toEqual([route, []])
      }
    }
  })
})
