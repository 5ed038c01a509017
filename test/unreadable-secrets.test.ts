// What is stored and does not open: spoilt, moved to another place, or sealed with a key that is not at hand.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts'
import { keysRotate } from '../src/commands/keys.ts'
import type { Integration } from '../src/integrations/integrations.ts'
import { openRevocation } from '../src/integrations/tokens/revocations.ts'
import { readConfig } from '../src/read-config.ts'
import type { Sealed } from '../src/sealed.ts'
import { integrationContext } from '../src/secrets/sealed-columns.ts'
import { createVault } from '../src/secrets/vault.ts'
import { openServices } from '../src/services.ts'
import { type Browser, openBrowser, ownAddress } from './support/browser.ts'
import { beginLinking, decide, linkByOAuth, livingTokens, oauthSettings } from './support/oauth.ts'
import { linkAccount } from './support/platforms.ts'
import { createTestDatabase, postgresUrl } from './support/postgres.ts'
import type { Account, Service } from './support/service.ts'
import { describeOnBothEngines, startService } from './support/service.ts'

const SEALED = /v2\.[\w-]+\.[\w-]{20}/

describeOnBothEngines('a stored secret that does not open', (engine) => {
  let sandbox: Sandbox
  let service: Service
  let account: Account
  let browser: Browser
  let people = 0
  const logged: [string, Record<string, string | number>][] = []

  beforeAll(async () => {
    sandbox = await startSandbox({ ports: 'free' })
    const origins = [sandbox.platforms['github-enterprise'], sandbox.platforms['gitlab-self-hosted']].map(
      ({ url }) => new URL(url).origin,
    )
    service = await startService(
      engine,
      { ...(await ownAddress()), ...oauthSettings(sandbox), ALLOWED_HOSTS: origins.join(',') },
      { log: (event, fields) => logged.push([event, fields]) },
    )
  })
  beforeEach(async () => {
    sandbox.reset()
    for (const { state } of Object.values(sandbox.platforms)) {
      state.settings.rateLimits = null
      state.settings.oauth.expiring = true
    }
    logged.length = 0
    account = await service.addAccount(`user${++people}`)
    browser = openBrowser(service)
    await browser.signIn(account)
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  const database = () => service.services.database

  async function row(id: string) {
    return database().selectFrom('scmIntegrations').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  }

  async function set(id: string, columns: Partial<Integration>) {
    await database().updateTable('scmIntegrations').set(columns).where('id', '=', id).execute()
  }

  const use = (id: string) => account.call('GET', `/v1/scm_integrations/${id}/orgs`)
  const show = async (id: string) => (await account.call('GET', `/v1/scm_integrations/${id}`)).json.scm_integration

  it('moved from another link says that it is to be replaced, keeps no other link back, and is mended by PATCH', async () => {
    const [one, two] = [
      await linkAccount(account, sandbox.platforms['github-enterprise']),
      await linkAccount(account, sandbox.platforms['gitlab-self-hosted']),
    ]
    await set(one, { accessToken: (await row(two)).accessToken })
    const sent = sandbox.platforms['github-enterprise'].requests.length

    const { status, json } = await account.call('GET', '/v1/scm_integrations')
    expect([
      status,
      json.scm_integrations.map((link: { id: string; status: string; access_token?: string }) => [
        link.id,
        link.status,
        typeof link.access_token,
      ]),
    ]).toEqual([
      200,
      [
        [one, 'token_rejected', 'undefined'],
        [two, 'ok', 'string'],
      ],
    ])
    const rejected = await use(one)
    expect([rejected.status, rejected.json]).toEqual([
      403,
      {
        error: 'The stored token of this link cannot be read any more. Replace it with another token.',
        code: 'scm_token_rejected',
        hint: { action: 'replace_token', url: `${sandbox.platforms['github-enterprise'].url}/settings/tokens` },
      },
    ])
    expect((await account.call('POST', `/v1/scm_integrations/${one}/import_keys`)).status).toBe(403)
    expect(sandbox.platforms['github-enterprise'].requests).toHaveLength(sent)
    expect(logged).toContainEqual([
      'scm_token_unreadable',
      { scm_type: 'github-enterprise', integration: one, column: 'access_token', key: 'test' },
    ])

    const { health } = (await account.call('GET', `/v1/scm_integrations/${one}/health`)).json
    expect(health).toMatchObject({
      status: 'token_rejected',
      problems: [{ code: 'scm_token_unreadable', fix_url: expect.stringContaining('/settings/tokens') }],
    })
    expect((await use(two)).status).toBe(200)

    const access_token = sandbox.platforms['github-enterprise'].token('alice', 'full')
    expect(
      (await account.call('PATCH', `/v1/scm_integrations/${one}`, { scm_integration: { access_token } })).status,
    ).toBe(200)
    expect((await use(one)).status).toBe(200)
    expect(await show(one)).toMatchObject({ status: 'ok', access_token })
  })

  it.each([
    ['cut', (text: string) => text.slice(0, -1)],
    ['no sealed text', () => 'plain'],
    ['empty', () => ''],
    ['with a changed byte', (text: string) => text.replace(/.{3}$/, (end) => (end === 'AAA' ? 'BBB' : 'AAA'))],
  ])('%s is refused the same way, and can be unlinked', async (_name, spoil) => {
    const id = await linkAccount(account, sandbox.platforms['github-enterprise'])
    await set(id, { accessToken: spoil((await row(id)).accessToken) as Sealed })
    const answer = await use(id)
    expect([answer.status, answer.json.code]).toEqual([403, 'scm_token_rejected'])
    expect((await account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
  })

  it('access token of an OAuth link is renewed by its refresh token', async () => {
    const id = await linkByOAuth(browser, 'gitlab')
    const { accessToken, refreshToken } = await row(id)
    await set(id, { accessToken: refreshToken ?? ('' as Sealed) })
    expect((await use(id)).status).toBe(200)
    expect((await row(id)).accessToken).not.toBe(accessToken)
    expect((await show(id)).status).toBe('ok')
  })

  it('refresh token ends the link when it is due, and linking again mends it', async () => {
    const id = await linkByOAuth(browser, 'gitlab')
    const { accessToken } = await row(id)
    await set(id, { refreshToken: accessToken })
    expect((await use(id)).status).toBe(200)
    await set(id, { tokenExpiresAt: '2025-01-01T00:00:00Z' })
    const rejected = await use(id)
    expect([rejected.status, rejected.json]).toEqual([
      403,
      {
        error: `The link has expired: its stored refresh token cannot be read any more. Link it again at ${service.url}/users/gitlab/link?again=${id}`,
        code: 'scm_token_rejected',
        hint: { action: 'link_again', url: `${service.url}/users/gitlab/link?again=${id}` },
      },
    ])
    expect(await linkByOAuth(browser, 'gitlab', { again: id })).toBe(id)
    expect((await use(id)).status).toBe(200)
  })

  it.each(['owner', 'url', 'web address', 'API address'])(
    'of a row whose %s somebody has changed in the database is sent nowhere and shown to nobody',
    async (changed) => {
      const id = await linkAccount(account, sandbox.platforms['github-enterprise'])
      const thief = await service.addAccount(`thief${++people}`)
      const evil = sandbox.platforms['gitlab-self-hosted'].url
      const changes: Record<string, Partial<Integration>> = {
        owner: { ownerId: thief.id },
        url: { url: evil },
        'web address': { webUrl: evil },
        'API address': { apiUrl: `${evil}/api/v4` },
      }
      await set(id, changes[changed] ?? {})
      const reader = changed === 'owner' ? thief : account
      const sent = () => Object.values(sandbox.platforms).map(({ requests }) => requests.length)
      const before = sent()

      const shown = (await reader.call('GET', `/v1/scm_integrations/${id}`)).json.scm_integration
      expect([shown.status, shown.access_token]).toEqual(['token_rejected', undefined])
      const used = await reader.call('GET', `/v1/scm_integrations/${id}/orgs`)
      expect([used.status, used.json.code]).toEqual([403, 'scm_token_rejected'])
      expect(sent()).toEqual(before)
      expect(logged).toContainEqual([
        'scm_token_unreadable',
        { scm_type: 'github-enterprise', integration: id, column: 'access_token', key: 'test' },
      ])
    },
  )

  it('to be revoked, in a row that somebody has changed, is sent nowhere', async () => {
    const id = await linkByOAuth(browser, 'github')
    sandbox.platforms.github.faults.set({ fault: 'connection-closed' })
    await account.call('DELETE', `/v1/scm_integrations/${id}`)
    await database().updateTable('revocations').set({ ownerId: null }).execute()
    const revocation = await database().selectFrom('revocations').selectAll().executeTakeFirstOrThrow()
    expect(() => openRevocation(service.services.vault, revocation)).toThrow()
    expect(openRevocation(service.services.vault, { ...revocation, ownerId: account.id })).toMatchObject({
      accessToken: expect.any(String),
    })
    await database().deleteFrom('revocations').execute()
  })

  it('tokens of an OAuth link let it be unlinked, though they cannot be revoked', async () => {
    const id = await linkByOAuth(browser, 'github')
    const { accessToken, refreshToken } = await row(id)
    await set(id, { accessToken: refreshToken ?? ('' as Sealed), refreshToken: accessToken })
    expect((await account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
    expect(logged).toContainEqual([
      'revocation_given_up',
      { scm_type: 'github', reason: 'the stored token does not open' },
    ])
    expect(livingTokens(sandbox.platforms.github)).toHaveLength(1)
  })

  it('verifier makes the attempt begin again', async () => {
    const back = await decide(browser, await beginLinking(browser, 'github'))
    await database()
      .updateTable('oauthStates')
      .set({ verifier: 'v2.test.AAAA' as Sealed })
      .where('userId', '=', account.id)
      .execute()
    const answer = await browser.get(back)
    expect([answer.status, answer.text]).toEqual([
      400,
      expect.stringContaining('This attempt to link is not under way'),
    ])
  })

  it('for want of its key is the operator’s to mend: 503, and nothing is lost', async () => {
    const id = await linkByOAuth(browser, 'github')
    const before = await row(id)
    const another = createVault([{ id: 'newer', key: Buffer.alloc(32, 9) }])
    await set(id, {
      accessToken: another.seal('a token', integrationContext('access_token', before)),
      tokenExpiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    })
    const calls: [string, string][] = [
      ['GET', `/v1/scm_integrations/${id}/orgs`],
      ['GET', `/v1/scm_integrations/${id}`],
      ['DELETE', `/v1/scm_integrations/${id}`],
    ]
    for (const [method, path] of calls) {
      const answer = await account.call(method, path)
      expect([answer.status, answer.json]).toEqual([
        503,
        {
          error:
            'This process lacks the key that the token of this link is sealed with. Its operator has to restart it with all SECRET_KEYS.',
          code: 'store_unavailable',
          hint: { action: 'ask_operator' },
        },
      ])
    }
    expect(logged).toContainEqual([
      'scm_token_unreadable',
      { scm_type: 'github', integration: id, column: 'access_token', key: 'newer' },
    ])
    await set(id, { accessToken: before.accessToken })
    expect((await use(id)).status).toBe(200)
  })

  it('is named by a rotation, which leaves it as it is', async () => {
    const id = await linkAccount(account, sandbox.platforms['github-enterprise'])
    const spoilt = `${(await row(id)).accessToken.slice(0, -4)}AAAA` as Sealed
    await set(id, { accessToken: spoilt })
    const config = readConfig({
      ...service.environment,
      SECRET_KEYS: `new:${Buffer.alloc(32, 8).toString('base64')},${service.environment.SECRET_KEYS}`,
    })
    const services = await openServices(config)
    const text = await keysRotate(services, config, { json: false })
    expect(text).toContain('The key "test" is still needed, for secrets that do not open with it.')
    expect(text).toContain(`scm_integrations.access_token of ${id}`)
    expect(text).not.toMatch(SEALED)
    expect((await row(id)).accessToken).toBe(spoilt)
    await services.close()
  })
})

describe.skipIf(!postgresUrl())('two servers that start for the first time at once', () => {
  const key = (id: string, fill: number) => `${id}:${Buffer.alloc(32, fill).toString('base64')}`
  const cases: [string, string, string][] = [
    ['with different keys under one id', key('k1', 1), key('k1', 2)],
    ['with keys of different ids', key('k1', 1), key('k2', 2)],
  ]
  it.each(cases)('%s never both run, and the store is not locked for good', async (_name, ...keys) => {
    for (let round = 0; round < 5; round++) {
      const database = await createTestDatabase()
      const open = (secretKeys: string) =>
        openServices(readConfig({ DATABASE_URL: database.url, SECRET_KEYS: secretKeys }))
      const starts = await Promise.allSettled(keys.map(open))
      const running = keys.filter((_key, index) => starts[index]?.status === 'fulfilled')
      expect(running.length).toBeLessThan(2)
      for (const start of starts) {
        if (start.status === 'rejected')
          expect(String(start.reason)).toMatch(/SECRET_KEYS (lacks the key|has another key)/)
        else await start.value.close()
      }
      await (await open(running[0] ?? keys[0] ?? '')).close()
      await database.drop()
    }
  })
})
