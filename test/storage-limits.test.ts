// What one account can store: the limits of the contract's section 5, and what they do to those who have more already.

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts'
import { recordEvent, SERVER } from '../src/audit/events.ts'
import { integrationContext } from '../src/secrets/sealed-columns.ts'
import { openBrowser, ownAddress } from './support/browser.ts'
import { beginLinking, decide, livingTokens, oauthSettings } from './support/oauth.ts'
import { linkAccount } from './support/platforms.ts'
import { ed25519Key } from './support/public-keys.ts'
import type { Account, Service } from './support/service.ts'
import { describeOnBothEngines, startService } from './support/service.ts'
import { until } from './support/until.ts'

vi.setConfig({ testTimeout: 120_000 })

describeOnBothEngines('an account’s limits', (engine) => {
  let sandbox: Sandbox
  let service: Service
  let alice: Account
  let people = 0

  beforeAll(async () => {
    sandbox = await startSandbox({ ports: 'free' })
    const origins = ['github-enterprise', 'gitlab-self-hosted', 'gitlab-subpath'] as const
    service = await startService(engine, {
      ...(await ownAddress()),
      ...oauthSettings(sandbox),
      ALLOWED_HOSTS: origins.map((name) => new URL(sandbox.platforms[name].url).origin).join(','),
      MAX_KEYS: '3',
      MAX_LINKS: '2',
    })
  })
  beforeEach(async () => {
    sandbox.reset()
    alice = await service.addAccount(`alice${++people}`)
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  const addKey = (n: number) => alice.call('POST', '/v1/keys', { name: `key ${n}`, content: ed25519Key(n) })
  const keys = async () => (await alice.call('GET', '/v1/keys')).json

  it('one key more than MAX_KEYS is 422 naming the limit, also of many at once, and there is room again after a removal', async () => {
    const answers = await Promise.all([1, 2, 3, 4, 5, 6].map(addKey))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 201, 422, 422, 422])
    const rejected = answers.find(({ status }) => status === 422)
    const problem = 'is more than the 3 that an account may have (MAX_KEYS). Remove one first'
    expect(rejected?.json).toEqual({ errors: { key: [problem] }, error: `key ${problem}` })
    const { keys: stored, meta } = await keys()
    expect([stored.length, meta]).toEqual([3, undefined])
    // What is there already is said to be, limit or not.
    const again = await alice.call('POST', '/v1/keys', { name: 'again', content: stored[0].content })
    expect([again.status, again.json.code]).toEqual([409, 'key_exists'])

    await alice.call('DELETE', `/v1/keys/${stored[0].id}`)
    expect((await addKey(7)).status).toBe(201)
  })

  it('an import takes what there is room for, and skips the others with that reason', async () => {
    const link = await linkAccount(alice, sandbox.platforms['github-enterprise'])
    await addKey(101)
    await addKey(102)
    const { status, json } = await alice.call('POST', `/v1/scm_integrations/${link}/import_keys`)
    expect([status, json.keys.length]).toEqual([201, 1])
    const reasons = json.meta.skipped.map(({ reason }: { reason: string }) => reason)
    expect(reasons).toContain('is more than the 3 that an account may have (MAX_KEYS)')
    expect((await keys()).keys).toHaveLength(3)
  })

  it('whoever has more keys keeps them, and is shown the oldest', async () => {
    const rows = Array.from({ length: 5 }, (_, n) => ({
      id: randomUUID(),
      ownerId: alice.id,
      name: `old ${n}`,
      content: ed25519Key(n),
      fingerprint: `${n}`,
      fingerprintSha256: `${n}`,
      createdAt: `2020-01-0${n + 1}T00:00:00.000Z`,
    }))
    await service.services.database.insertInto('keys').values(rows).execute()
    const listed = await keys()
    expect(listed.keys.map(({ name }: { name: string }) => name)).toEqual(['old 0', 'old 1', 'old 2'])
    expect(listed.meta).toEqual({
      warnings: ['Only the oldest 3 are listed: you have more than an account may have (MAX_KEYS).'],
    })
    expect((await alice.call('GET', `/v1/keys/${rows[4]?.id}`)).status).toBe(200)
    expect((await addKey(9)).status).toBe(422)
  })

  it('one link more than MAX_LINKS is 422 naming the limit; the same account again is still 409', async () => {
    const platforms = [sandbox.platforms['github-enterprise'], sandbox.platforms['gitlab-self-hosted']] as const
    for (const platform of platforms) await linkAccount(alice, platform)
    const third = sandbox.platforms['gitlab-subpath']
    const link = (platform: (typeof platforms)[number] | typeof third) =>
      alice.call('POST', '/v1/scm_integrations', {
        scm_type: platform.scmType,
        url: platform.url,
        access_token: platform.token('alice'),
      })
    const rejected = await link(third)
    const problem = 'is more than the 2 that an account may have (MAX_LINKS). Unlink one first'
    expect([rejected.status, rejected.json]).toEqual([
      422,
      { errors: { scm_integration: [problem] }, error: `scm_integration ${problem}` },
    ])
    expect((await link(platforms[0])).status).toBe(409)
    expect((await alice.call('GET', '/v1/scm_integrations')).json.scm_integrations).toHaveLength(2)
  })

  it('a link by OAuth that is one too many is refused on its page, and its tokens are revoked', async () => {
    for (const name of ['github-enterprise', 'gitlab-self-hosted'] as const) {
      await linkAccount(alice, sandbox.platforms[name])
    }
    const browser = openBrowser(service)
    await browser.signIn(alice)
    const page = await browser.get(await decide(browser, await beginLinking(browser, 'github')))
    expect([page.status, page.text]).toEqual([422, expect.stringContaining('MAX_LINKS')])
    expect((await alice.call('GET', '/v1/scm_integrations')).json.scm_integrations).toHaveLength(2)
    await until(() => livingTokens(sandbox.platforms.github).length === 0)
  })

  it('whoever has more links keeps them, and is shown the oldest', async () => {
    const { database, vault } = service.services
    const time = new Date().toISOString()
    const rows = Array.from({ length: 4 }, (_, n) => {
      const bound = { id: randomUUID(), ownerId: alice.id, url: 'https://x.example', webUrl: 'w', apiUrl: 'a' }
      return {
        ...bound,
        ...{ scmType: 'gitlab-self-hosted' as const, uid: `${n}`, username: `u${n}`, profileUrl: '', urlKey: 'x' },
        ...{ missingScopes: '', status: 'ok' as const, tokenVersion: 1, updatedAt: time },
        createdAt: `2020-01-0${n + 1}T00:00:00.000Z`,
        accessToken: vault.seal('t', integrationContext('access_token', bound)),
      }
    })
    await database.insertInto('scmIntegrations').values(rows).execute()
    const { json } = await alice.call('GET', '/v1/scm_integrations')
    expect(json.scm_integrations.map(({ username }: { username: string }) => username)).toEqual(['u0', 'u1'])
    expect(json.meta.warnings).toEqual([
      'Only the oldest 2 are listed: you have more than an account may have (MAX_LINKS).',
    ])
    expect((await alice.call('DELETE', `/v1/scm_integrations/${rows[3]?.id}`)).status).toBe(204)
  })

  it('of more than 50 sessions the oldest ends, and nobody else’s', async () => {
    const bob = await service.addAccount(`bob${people}`)
    const bobs = openBrowser(service)
    await bobs.signIn(bob)
    const [first, second] = [openBrowser(service), openBrowser(service)]
    await first.signIn(alice)
    await second.signIn(alice)
    const { database } = service.services
    const [oldest] = await database
      .selectFrom('sessions')
      .select(['idHash', 'createdAt'])
      .where('userId', '=', alice.id)
      .orderBy('createdAt')
      .execute()
    const time = new Date().toISOString()
    const more = Array.from({ length: 48 }, () => ({
      idHash: randomUUID(),
      userId: alice.id,
      createdAt: time,
      usedAt: time,
    }))
    await database.insertInto('sessions').values(more).execute()
    expect(oldest).toBeDefined()

    const last = openBrowser(service)
    await last.signIn(alice)
    const statuses = await Promise.all([first, second, last, bobs].map((each) => each.get('/session')))
    expect(statuses.map(({ status }) => status)).toEqual([401, 200, 200, 200])
    const rows = await database.selectFrom('sessions').selectAll().where('userId', '=', alice.id).execute()
    expect(rows).toHaveLength(50)
  })

  it('events of one kind make room for their own kind only: 2,000 of each are kept', async () => {
    const { database } = service.services
    await database.deleteFrom('events').execute()
    const record = (count: number, type: 'login_failure' | 'logout', owner: string | null) =>
      database.transaction().execute((transaction) => {
        const events = Array.from({ length: count }, (_, n) => ({ type, data: { remote_ip: `${n}` } }))
        return recordEvent(transaction, SERVER, owner, ...events)
      })
    await record(1, 'logout', alice.id)
    await record(3, 'login_failure', null)
    for (let n = 0; n < 5; n++) await record(500, 'login_failure', alice.id)
    const rows = await database.selectFrom('events').select(['type', 'userId', 'id']).orderBy('id').execute()
    const count = (type: string, owner: string | null) =>
      rows.filter((row) => row.type === type && row.userId === owner).length
    expect([count('logout', alice.id), count('login_failure', alice.id), count('login_failure', null)]).toEqual([
      1, 2_000, 3,
    ])
    const { json } = await alice.call('GET', '/v1/events?type=login_failure&per_page=1')
    expect(json.meta.pagination.total_count).toBe(2_000)
    expect(json.events[0].type_data.remote_ip).toBe('499')
  })
})
