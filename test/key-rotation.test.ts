// `forgelink keys rotate` on both engines: beside servers at work, killed and gone on with, and what a start needs before and after.

import { spawn } from 'node:child_process'
import { randomInt, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts'
import { readConfig } from '../src/read-config.ts'
import type { Sealed } from '../src/sealed.ts'
import type { SealedColumn } from '../src/secrets/sealed-columns.ts'
import { countSealedBy, integrationContext, replaceSealed, SEALED_COLUMNS } from '../src/secrets/sealed-columns.ts'
import { createVault } from '../src/secrets/vault.ts'
import { openServices } from '../src/services.ts'
import { type Browser, openBrowser, ownAddress } from './support/browser.ts'
import { forgelink, prepareCommand, startServer } from './support/command.ts'
import { addCustomer, backWith, begin, RETURN_URLS, sendForm } from './support/link-sessions.ts'
import { beginLinking, linkByOAuth, oauthSettings } from './support/oauth.ts'
import { addPerson, beginSignIn, openVisitor, signInThere } from './support/oidc-visit.ts'
import { sealInOldForm } from './support/old-seal.ts'
import { type OpenIdProvider, oidcSettings, startOpenIdProvider } from './support/openid-provider.ts'
import { linkAccount, linkBody } from './support/platforms.ts'
import type { Account, Service } from './support/service.ts'
import { describeOnBothEngines, exchange, send, startReplica, startService } from './support/service.ts'
import { addService } from './support/service-tokens.ts'
import { until } from './support/until.ts'

/** How often a rotation is killed: `FORGELINK_TEST_ROUNDS=100` for a thorough run. */
const ROUNDS = Number(process.env.FORGELINK_TEST_ROUNDS ?? 2)

vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 })

const [OLD, NEW, OTHER] = [1, 2, 3].map((fill) => Buffer.alloc(32, fill).toString('base64'))
const oldOnly = `old:${OLD}`
const newFirst = `new:${NEW},old:${OLD}`
const newOnly = `new:${NEW}`
const tokens: SealedColumn = {
  table: 'scm_integrations',
  column: 'access_token',
  key: 'id',
  contextIn: (row) => integrationContext('access_token', row),
}

describeOnBothEngines('keys rotate', (engine) => {
  let sandbox: Sandbox
  let provider: OpenIdProvider
  let service: Service
  let account: Account
  let browser: Browser

  beforeAll(async () => {
    await prepareCommand()
    sandbox = await startSandbox({ ports: 'free' })
  })
  afterAll(() => sandbox.close())
  afterEach(() => provider.stop())
  beforeEach(async () => {
    sandbox.reset()
    for (const { state } of Object.values(sandbox.platforms)) {
      state.settings.rateLimits = null
      state.settings.oauth.expiring = true
    }
    const allowed = ['github-enterprise', 'gitlab-self-hosted', 'gitlab-subpath'] as const
    const address = await ownAddress()
    provider = await startOpenIdProvider(address.PUBLIC_URL ?? '')
    service = await startService(engine, {
      ...address,
      ...oauthSettings(sandbox),
      ...oidcSettings(provider),
      RETURN_URLS,
      ALLOWED_HOSTS: allowed.map((name) => new URL(sandbox.platforms[name].url).origin).join(','),
      SECRET_KEYS: oldOnly,
    })
    account = await service.addAccount('alice')
    browser = openBrowser(service)
    await browser.signIn(account)
    return () => service.close()
  })

  const database = () => service.services.database

  function rotate(keys: string, ...options: string[]) {
    return forgelink(['keys', 'rotate', ...options], { ...service.environment, SECRET_KEYS: keys })
  }

  /** Opens everything as a start does, and closes it again. */
  async function start(keys: string): Promise<void> {
    await (await openServices(readConfig({ ...service.environment, SECRET_KEYS: keys }))).close()
  }

  async function recordedKeys(): Promise<string[]> {
    const rows = await database().selectFrom('secretKeys').select('id').orderBy('id').execute()
    return rows.map(({ id }) => id)
  }

  async function secretsIn({ table, column, contextIn }: SealedColumn) {
    const { rows } = await sql<Parameters<typeof contextIn>[0] & { sealed: Sealed }>`
      select *, ${sql.ref(column)} as sealed from ${sql.table(table)}
      where ${sql.ref(column)} is not null`.execute(database())
    return rows.map((row) => ({ context: contextIn(row), sealed: row.sealed }))
  }

  async function allSecrets() {
    return (await Promise.all(SEALED_COLUMNS.map(secretsIn))).flat()
  }

  /** Every secret in the clear, by place; throws when one does not open. */
  async function opened(keys: string): Promise<Record<string, string>> {
    const vault = createVault(readConfig({ SECRET_KEYS: keys }).secretKeys ?? [])
    const secrets = await allSecrets()
    return Object.fromEntries(
      secrets.map(({ context, sealed }) => [JSON.stringify(context), vault.open(sealed, context)]),
    )
  }

  /** One of each kind: pasted, by OAuth, an attempt under way, a pair that waits for its revocation. How many secrets. */
  async function fill(): Promise<{ pasted: string; renewed: string }> {
    const pasted = await linkAccount(account, sandbox.platforms['github-enterprise'])
    await linkAccount(account, sandbox.platforms['gitlab-subpath'])
    const renewed = await linkByOAuth(browser, 'gitlab')
    await beginLinking(browser, 'gitlab')
    const unlinked = await linkByOAuth(browser, 'github')
    sandbox.platforms.github.faults.set({ fault: 'connection-closed' })
    await account.call('DELETE', `/v1/scm_integrations/${unlinked}`)
    return { pasted, renewed }
  }

  /** What people sign in with at an OpenID provider, and a token that waits for the completion of its link session. */
  async function fillOthers(): Promise<void> {
    addPerson(provider, 'carol')
    await signInThere(openVisitor(service, provider), service)
    await beginSignIn(openVisitor(service, provider))
    const customer = await addCustomer(await addService(service), 'customer')
    const at = await begin(service, (await customer.make()).url)
    const { scm_type, url, access_token } = linkBody(sandbox.platforms['github-enterprise'], 'carol').scm_integration
    backWith(await sendForm(at.browser, at.page, 'token', { scm_type, url, access_token }))
  }

  it('leaves out no column that holds something sealed', async () => {
    await fill()
    await fillOthers()
    const tables = await database().introspection.getTables()
    const sealed: string[] = []
    for (const { name, columns } of tables) {
      for (const column of columns) {
        const { rows } =
          await sql`select 1 from ${sql.table(name)} where substr(cast(${sql.ref(column.name)} as text), 1, 7) = 'v2.old.'`.execute(
            database(),
          )
        if (rows.length > 0) sealed.push(`${name}.${column.name}`)
      }
    }
    expect(sealed.sort()).toEqual([
      'link_sessions.held_token',
      'oauth_states.verifier',
      'oidc_states.verifier',
      'revocations.access_token',
      'revocations.refresh_token',
      'scm_integrations.access_token',
      'scm_integrations.refresh_token',
      'secret_keys.proof',
      'sessions.id_token',
    ])
    expect(SEALED_COLUMNS.map(({ table, column }) => `${table}.${column}`).sort()).toEqual(
      sealed.filter((column) => column !== 'secret_keys.proof'),
    )
  })

  it('seals every secret with the newest key and changes nothing else; then the old key is needed no more', async () => {
    await fill()
    await fillOthers()
    const links = () => database().selectFrom('scmIntegrations').selectAll().orderBy('id').execute()
    const withoutTokens = async () =>
      (await links()).map(({ accessToken, refreshToken, ...rest }) => ({
        ...rest,
        sealed: [!!accessToken, !!refreshToken],
      }))
    const before = { secrets: await opened(oldOnly), links: await withoutTokens() }
    expect(Object.keys(before.secrets)).toHaveLength(10)
    await expect(start(newOnly)).rejects.toThrow('SECRET_KEYS lacks the key "old"')

    const run = await rotate(newFirst, '--json')
    expect([run.code, run.stderr]).toEqual([0, ''])
    expect(JSON.parse(run.stdout)).toEqual({
      newest: 'new',
      sealed: 10,
      total: 10,
      unreadable: [],
      unused: ['old'],
      in_use: [],
    })
    expect(await opened(newOnly)).toEqual(before.secrets)
    expect(await withoutTokens()).toEqual(before.links)
    expect(await recordedKeys()).toEqual(['new'])
    await start(newFirst)
    await start(newOnly)

    const again = await rotate(newFirst)
    expect([again.code, again.stderr]).toEqual([0, ''])
    expect(again.stdout).toBe(
      `Sealed 0 anew. With the key "new" are sealed now: 10.\nThe key "old" has sealed nothing that is stored. If it is an old one, take it out of SECRET_KEYS an hour after every process was restarted with "new" first.\n`,
    )
  })

  it('runs beside a server that links, renews and replaces: what is newer stays, and nobody is signed out', async () => {
    const { pasted, renewed } = await fill()
    const replica = await startReplica(service, { SECRET_KEYS: newFirst })
    const call = (method: string, path: string, body?: unknown) =>
      send(method, `${replica.url}${path}`, body, { authorization: `Bearer ${account.bearer}` })
    const enterprise = sandbox.platforms['github-enterprise']
    const values = ['full', 'wide'].map((purpose) => enterprise.token('alice', purpose))
    const statuses = new Set<number>()
    let patched = 0
    let isDone = false
    const work = (async () => {
      for (let n = 0; !isDone || n < 5; n++) {
        const access_token = values[n % 2]
        statuses.add(
          (await call('PATCH', `/v1/scm_integrations/${pasted}`, { scm_integration: { access_token } })).status,
        )
        patched = n
        await database()
          .updateTable('scmIntegrations')
          .set({ tokenExpiresAt: '2025-01-01T00:00:00Z' })
          .where('id', '=', renewed)
          .execute()
        statuses.add((await call('GET', `/v1/scm_integrations/${renewed}/orgs?page=${n + 1}`)).status)
        statuses.add((await call('GET', '/v1/scm_integrations')).status)
      }
    })()
    const runs = await Promise.all([rotate(newFirst), rotate(newFirst)])
    isDone = true
    await work
    expect(runs.map(({ code, stderr }) => [code, stderr])).toEqual(new Array(2).fill([0, '']))
    expect([...statuses]).toEqual([200])
    const { json } = await call('GET', `/v1/scm_integrations/${pasted}`)
    expect(json.scm_integration.access_token).toBe(values[patched % 2])
    await opened(newOnly)
    await replica.close()

    const last = await startReplica(service, { SECRET_KEYS: newOnly })
    const bearer = { authorization: `Bearer ${await exchange(last.url, account.token)}` }
    expect((await send('GET', `${last.url}/v1/scm_integrations/${renewed}/orgs`, undefined, bearer)).status).toBe(200)
    await last.close()
  })

  it('is beaten by whoever writes between its read and its write', async () => {
    const { pasted } = await fill()
    const found = (await secretsIn(tokens)).find(({ context }) => context.row === pasted)
    const sealed = found?.sealed ?? ('' as Sealed)
    const [another, anew] = [`${sealed}x` as Sealed, 'v2.new.x' as Sealed]
    expect(await replaceSealed(database(), tokens, { row: pasted, sealed: another }, anew)).toBe(false)
    expect(await replaceSealed(database(), tokens, { row: randomUUID(), sealed }, anew)).toBe(false)
    expect((await secretsIn(tokens)).map((secret) => secret.sealed)).toContain(sealed)
    expect(await replaceSealed(database(), tokens, { row: pasted, sealed }, sealed)).toBe(true)
  })

  it(`goes on where it was killed: every secret opens at every moment, ${ROUNDS} times`, async () => {
    const secrets = await manyLinks(300)
    let newest = 'old'
    for (let round = 0; round < ROUNDS; round++) {
      newest = newest === 'old' ? 'new' : 'old'
      const keys = newest === 'old' ? `old:${OLD},new:${NEW}` : newFirst
      const sealedAnew = () => countSealedBy(database(), tokens, newest)
      const enough = randomInt(1, 280)
      const killed = startRotation(keys)
      while (!killed.hasEnded() && (await sealedAnew()) < enough) await delay(2)
      await killed.kill()
      expect(await opened(newFirst)).toEqual(secrets)

      const before = await sealedAnew()
      const runs = await Promise.all(Array.from({ length: round % 4 === 1 ? 2 : 1 }, () => rotate(keys, '--json')))
      expect(runs.map(({ code }) => code)).toEqual(runs.map(() => 0))
      const sealed = runs.map(({ stdout }) => JSON.parse(stdout).sealed).reduce((sum, each) => sum + each, 0)
      expect([before > 0, before + sealed]).toEqual([true, 300])
      expect(await opened(`${newest}:${newest === 'old' ? OLD : NEW}`)).toEqual(secrets)
      expect(await recordedKeys()).toEqual([newest])
    }
  }, 900_000)

  function startRotation(keys: string): { hasEnded(): boolean; kill(): Promise<void> } {
    const program = join(import.meta.dirname, '..', 'bin', 'forgelink.mjs')
    const child = spawn(process.execPath, [program, 'keys', 'rotate'], {
      env: { PATH: process.env.PATH, ...service.environment, SECRET_KEYS: keys },
      stdio: 'ignore',
    })
    const ended = once(child, 'close')
    return {
      hasEnded: () => child.exitCode !== null,
      async kill() {
        child.kill('SIGKILL')
        await ended
      },
    }
  }

  /** Links that are only rows. Their secrets in the clear, by place. */
  async function manyLinks(count: number, seal = service.services.vault.seal): Promise<Record<string, string>> {
    const time = new Date().toISOString()
    const rows = Array.from({ length: count }, (_, n) => {
      const bound = { id: randomUUID(), ownerId: account.id, url: '', webUrl: '', apiUrl: '' }
      return {
        ...bound,
        ...{ scmType: 'gitlab-self-hosted' as const, uid: `${n}`, username: 'u', profileUrl: '' },
        ...{ urlKey: '', missingScopes: '', status: 'ok' as const },
        ...{ tokenVersion: 1, createdAt: time, updatedAt: time },
        accessToken: seal(`token ${n}`, integrationContext('access_token', bound)),
      }
    })
    await database().insertInto('scmIntegrations').values(rows).execute()
    return opened(oldOnly)
  }

  it(`goes on in the background of a server where one was killed that sealed the old form anew, ${ROUNDS} times`, async () => {
    const old = { id: 'old', key: Buffer.alloc(32, 1) }
    const secrets = await manyLinks(300, (secret, context) => sealInOldForm(old, secret, context))
    const inNewForm = async () => (await allSecrets()).filter(({ sealed }) => sealed.startsWith('v2.')).length
    expect(await inNewForm()).toBe(0)
    for (let round = 0; round < ROUNDS; round++) {
      const enough = randomInt(0, 140) + round * 40
      const killed = await startServer({ ...service.environment, PORT: undefined })
      while ((await inNewForm()) < enough) await delay(2)
      await killed.stop('SIGKILL')
      expect(await opened(oldOnly)).toEqual(secrets)
    }
    const last = await startReplica(service)
    await until(async () => (await inNewForm()) === 300, 30)
    await last.close()
    expect(await opened(oldOnly)).toEqual(secrets)
  }, 900_000)

  it('seals what is in the old form with the newest key too, and lets old keys go only then', async () => {
    const old = { id: 'old', key: Buffer.alloc(32, 1) }
    const secrets = await manyLinks(3, (secret, context) => sealInOldForm(old, secret, context))
    await expect(start(newOnly)).rejects.toThrow('SECRET_KEYS lacks the key "old"')
    expect(JSON.parse((await rotate(newFirst, '--json')).stdout)).toMatchObject({ sealed: 3, unused: ['old'] })
    expect(await opened(newOnly)).toEqual(secrets)
  })

  it('says which key a process that was left running still seals with, and a start without that key stops', async () => {
    const { pasted } = await fill()
    expect((await rotate(newFirst)).code).toBe(0)
    expect(await recordedKeys()).toEqual(['new'])
    // The first server knows the old key only.
    const access_token = sandbox.platforms['github-enterprise'].token('alice', 'full')
    const patched = await account.call('PATCH', `/v1/scm_integrations/${pasted}`, { scm_integration: { access_token } })
    expect(patched.status).toBe(200)

    const secrets = await allSecrets()
    await expect(start(newOnly)).rejects.toThrow(
      'SECRET_KEYS lacks the key "old", which sealed secrets that are stored.',
    )
    await expect(start(`new:${NEW},old:${OTHER}`)).rejects.toThrow('SECRET_KEYS has another key under the id "old"')
    await expect(start(`new:${OTHER},old:${OLD}`)).rejects.toThrow('SECRET_KEYS has another key under the id "new"')
    const run = await rotate(newOnly)
    expect([run.code, run.stdout]).toEqual([1, ''])
    expect(run.stderr).toContain('SECRET_KEYS lacks the key "old"')
    expect([await allSecrets(), await recordedKeys()]).toEqual([secrets, ['new']])

    expect(JSON.parse((await rotate(newFirst, '--json')).stdout)).toMatchObject({ sealed: 1, unused: ['old'] })
    await start(newOnly)
  })

  it('lets bearer tokens live on in servers that have the key they were signed with', async () => {
    const replica = await startReplica(service, { SECRET_KEYS: newFirst })
    await rotate(newFirst)
    const dropped = await startReplica(service, { SECRET_KEYS: newOnly })
    const statusOf = async (url: string, bearer: string) =>
      (await send('GET', `${url}/v1/users/self`, undefined, { authorization: `Bearer ${bearer}` })).status
    const newer = await exchange(replica.url, account.token)
    expect(await statusOf(replica.url, account.bearer)).toBe(200)
    expect(await statusOf(replica.url, newer)).toBe(200)
    expect(await statusOf(dropped.url, newer)).toBe(200)
    // Why an operator waits for an hour.
    expect(await statusOf(dropped.url, account.bearer)).toBe(401)
    await replica.close()
    await dropped.close()
  })
})
