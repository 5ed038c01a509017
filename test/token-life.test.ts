// What a token of OAuth lives through: renewed in time and once, refused, lost, replaced, revoked.

import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Libsql from 'libsql'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type FaultName, type Sandbox, startSandbox } from '../sandbox/sandbox.ts'
import { userRemove } from '../src/admin/users.ts'
import { type Browser, openBrowser, ownAddress } from './support/browser.ts'
import {
  beginLinking,
  decide,
  linkByOAuth,
  livingTokens,
  OAUTH_NAMES,
  type OAuthName,
  oauthSettings,
  refreshCalls,
  tokenCalls,
} from './support/oauth.ts'
import { linkAccount } from './support/platforms.ts'
import { startProcess } from './support/process.ts'
import type { Account, Answer, Service } from './support/service.ts'
import { describeOnBothEngines, send, startReplica, startService } from './support/service.ts'

/** How often the tests of simultaneous calls repeat: `FORGELINK_TEST_ROUNDS=100` for a thorough run. */
const ROUNDS = Number(process.env.FORGELINK_TEST_ROUNDS ?? 3)

describeOnBothEngines('the life of a token', (engine) => {
  let sandbox: Sandbox
  let service: Service
  let count = 0
  let account: Account
  let browser: Browser

  beforeAll(async () => {
    sandbox = await startSandbox({ ports: 'free' })
    const { origin } = new URL(sandbox.platforms['github-enterprise'].url)
    service = await startService(engine, {
      ...(await ownAddress()),
      ...oauthSettings(sandbox),
      ALLOWED_HOSTS: origin,
    })
  })
  beforeEach(async () => {
    sandbox.reset()
    for (const name of OAUTH_NAMES) {
      const { settings } = sandbox.platforms[name].state
      settings.oauth.expiring = true
      settings.rateLimits = null
    }
    account = await service.addAccount(`user${++count}`)
    browser = openBrowser(service)
    await browser.signIn(account)
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  async function row(id: string) {
    return service.services.database.selectFrom('scmIntegrations').selectAll().where('id', '=', id).executeTakeFirst()
  }

  /** As if the token ended in so many seconds, here and there. */
  async function endIn(id: string, name: OAuthName, seconds: number): Promise<void> {
    const time = new Date(Date.now() + seconds * 1000).toISOString()
    await service.services.database
      .updateTable('scmIntegrations')
      .set({ tokenExpiresAt: time })
      .where('id', '=', id)
      .execute()
    for (const token of sandbox.platforms[name].state.tokens) if (token.oauth) token.expiresAt = time
  }

  function use(id: string, query = ''): Promise<Answer> {
    return account.call('GET', `/v1/scm_integrations/${id}/orgs${query}`)
  }

  async function show(id: string) {
    return (await account.call('GET', `/v1/scm_integrations/${id}`)).json.scm_integration
  }

  async function until(holds: () => boolean | Promise<boolean>, seconds = 10): Promise<void> {
    const end = Date.now() + seconds * 1000
    while (!(await holds()) && Date.now() < end) await delay(25)
    expect(await holds()).toBe(true)
  }

  /** Fifty calls with an expired token, spread over the addresses: one refresh and fifty answers, in every round. */
  async function fiftyAtOnce(name: OAuthName, urls: string[]): Promise<void> {
    const platform = sandbox.platforms[name]
    const id = await linkByOAuth(browser, name)
    const headers = { authorization: `Bearer ${account.bearer}` }
    const spent: string[] = []
    for (let round = 1; round <= ROUNDS; round++) {
      await endIn(id, name, -1)
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) => {
          const address = `${urls[n % urls.length]}/v1/scm_integrations/${id}/orgs?per_page=${n + 1}`
          return send('GET', address, undefined, headers)
        }),
      )
      expect(answers.filter(({ status }) => status !== 200).map(({ text }) => text)).toEqual([])
      spent.push(...refreshCalls(platform))
      expect([spent.length, new Set(spent).size]).toEqual([round, round])
      // The sandbox remembers a thousand calls only.
      platform.requests.length = 0
    }
    expect(platform.state.refreshTokens.some(({ revoked }) => revoked)).toBe(false)
    expect(livingTokens(platform)).toEqual([(await show(id)).access_token])
  }

  const tokenPath = '/oauth/(access_)?token$'

  describe.each(OAUTH_NAMES)('%s', (name: OAuthName) => {
    it('renews a token shortly before its end, and only then', async () => {
      const id = await linkByOAuth(browser, name)
      const first = await show(id)
      await endIn(id, name, 600)
      expect((await use(id)).status).toBe(200)
      expect(refreshCalls(sandbox.platforms[name])).toEqual([])

      const spent = sandbox.platforms[name].state.refreshTokens.map(({ value }) => value)
      await endIn(id, name, 60)
      expect((await use(id)).status).toBe(200)
      expect(refreshCalls(sandbox.platforms[name])).toEqual(spent)
      const second = await show(id)
      expect(second.access_token).not.toBe(first.access_token)
      expect(Date.parse(second.token_expires_at)).toBeGreaterThan(Date.now() + 3_600_000)
      expect(livingTokens(sandbox.platforms[name])).toEqual([second.access_token])
      const { requests, oauth } = sandbox.platforms[name]
      const refresh = requests.find(({ body }) => body.includes('grant_type=refresh_token'))
      expect(Object.fromEntries(new URLSearchParams(refresh?.body))).toEqual({
        grant_type: 'refresh_token',
        refresh_token: spent[0],
        client_id: oauth.id,
        client_secret: oauth.secret,
        ...(name === 'gitlab' && { redirect_uri: `${service.url}/users/gitlab/callback` }),
      })

      expect((await use(id)).status).toBe(200)
      expect(refreshCalls(sandbox.platforms[name])).toHaveLength(1)
    })

    it('renews it once when the platform says that it has expired, and repeats the call', async () => {
      const id = await linkByOAuth(browser, name)
      for (const token of sandbox.platforms[name].state.tokens)
        if (token.oauth) token.expiresAt = '2025-01-01T00:00:00Z'
      expect((await use(id)).status).toBe(200)
      expect(refreshCalls(sandbox.platforms[name])).toHaveLength(1)
      expect((await show(id)).status).toBe('ok')
    })

    it('does not go on renewing when the platform refuses the new token too', async () => {
      const id = await linkByOAuth(browser, name)
      sandbox.platforms[name].faults.set({ fault: 'status-401', path: '/api/' })
      for (let n = 0; n < 3; n++) expect((await use(id)).json.code).toBe('scm_token_rejected')
      expect(refreshCalls(sandbox.platforms[name])).toHaveLength(1)
      expect((await show(id)).status).toBe('token_rejected')
      sandbox.platforms[name].faults.clear()
      expect((await use(id)).status).toBe(200)
      expect((await show(id)).status).toBe('ok')
    })

    it(`serves fifty calls at once with one refresh, ${ROUNDS} times`, async () => {
      await fiftyAtOnce(name, [service.url])
    }, 600_000)

    it(`serves fifty calls at once on two replicas over one store with one refresh, ${ROUNDS} times`, async () => {
      const replica = await startReplica(service)
      await fiftyAtOnce(name, [service.url, replica.url]).finally(() => replica.close())
    }, 600_000)

    it('goes on with a refresh whose caller has gone away', async () => {
      const id = await linkByOAuth(browser, name)
      await endIn(id, name, -1)
      sandbox.platforms[name].faults.set({ fault: 'headers-late', path: tokenPath, value: 1, times: 1 })
      const controller = new AbortController()
      const call = fetch(`${service.url}/v1/scm_integrations/${id}/orgs`, {
        headers: { authorization: `Bearer ${account.bearer}` },
        signal: controller.signal,
      })
      await until(() => refreshCalls(sandbox.platforms[name]).length === 1)
      controller.abort()
      await expect(call).rejects.toThrow()
      await until(async () => (await row(id))?.tokenVersion === 2)
      expect((await use(id)).status).toBe(200)
      expect(refreshCalls(sandbox.platforms[name])).toHaveLength(1)
    })

    it('marks the link expired at a definite refusal, does not try again, and works after linking again', async () => {
      const id = await linkByOAuth(browser, name)
      await endIn(id, name, -1)
      const fault = name === 'github' ? 'oauth-bad-refresh-token' : 'oauth-invalid-grant'
      sandbox.platforms[name].faults.set({ fault })
      const refused = await use(id)
      expect([refused.status, refused.json.code]).toEqual([403, 'scm_token_rejected'])
      expect(refused.json.error).toContain(`${service.url}/users/${name}/link?again=${id}`)
      sandbox.platforms[name].faults.clear()
      for (let n = 0; n < 3; n++) expect((await use(id)).text).toBe(refused.text)
      expect(refreshCalls(sandbox.platforms[name])).toHaveLength(1)
      expect((await show(id)).status).toBe('expired')
      const { health } = (await account.call('GET', `/v1/scm_integrations/${id}/health`)).json
      expect(health).toMatchObject({
        status: 'expired',
        problems: [{ code: 'scm_link_expired', fix_url: `${service.url}/users/${name}/link?again=${id}` }],
      })

      expect(await linkByOAuth(browser, name, { again: id })).toBe(id)
      expect((await show(id)).status).toBe('ok')
      expect((await use(id)).status).toBe(200)
      expect((await account.call('GET', `/v1/scm_integrations/${id}/health`)).json.health.status).toBe('ok')
    })

    const passing: [FaultName, number][] = [
      ['status-500', 503],
      ['status-502', 503],
      ['status-429', 429],
      ['connection-closed', 503],
      ['html-200', 503],
      ['json-null', 503],
      ['oauth-invalid-client', 503],
    ]
    it.each(passing)('survives %s at the token endpoint: the next call renews', async (fault, status) => {
      const id = await linkByOAuth(browser, name)
      await endIn(id, name, -1)
      sandbox.platforms[name].faults.set({ fault, path: tokenPath })
      const answer = await use(id)
      expect(answer.status).toBe(status)
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      expect([(await show(id)).status, (await row(id))?.refreshLease]).toEqual(['ok', null])
      sandbox.platforms[name].faults.clear()
      expect((await use(id)).status).toBe(200)
    })

    it('uses the token as long as it lives when the platform cannot renew it just now', async () => {
      const id = await linkByOAuth(browser, name)
      await endIn(id, name, 60)
      sandbox.platforms[name].faults.set({ fault: 'status-500', path: tokenPath })
      expect((await use(id)).status).toBe(200)
      expect((await show(id)).status).toBe('ok')
    })

    it('asks to link again when the answer with the new pair was lost, and does not loop', async () => {
      const id = await linkByOAuth(browser, name)
      await endIn(id, name, -1)
      sandbox.platforms[name].faults.set({ fault: 'answer-lost', path: tokenPath, times: 1 })
      expect((await use(id)).status).toBe(503)
      for (let n = 0; n < 3; n++) expect((await use(id)).json.code).toBe('scm_token_rejected')
      expect(refreshCalls(sandbox.platforms[name])).toHaveLength(2)
      expect((await show(id)).status).toBe('expired')
    })

    it('keeps the refresh token where no new one comes with the new token', async () => {
      const id = await linkByOAuth(browser, name)
      const before = sandbox.platforms[name].state.refreshTokens.map(({ value }) => value)
      await endIn(id, name, -1)
      sandbox.platforms[name].faults.set({ fault: 'oauth-no-refresh-token' })
      expect((await use(id)).status).toBe(200)
      sandbox.platforms[name].faults.clear()
      await endIn(id, name, -1)
      await use(id)
      expect(refreshCalls(sandbox.platforms[name])).toEqual([...before, ...before])
    })

    it('does not take a renewed token of another account', async () => {
      const id = await linkByOAuth(browser, name)
      await endIn(id, name, -1)
      for (const token of sandbox.platforms[name].state.refreshTokens) token.userId = 44
      expect((await use(id)).json.code).toBe('scm_token_rejected')
      expect(await show(id)).toMatchObject({ status: 'expired', username: 'alice' })
    })

    it('sends nothing to a platform or for an application that is another than the link’s', async () => {
      const id = await linkByOAuth(browser, name)
      const { database } = service.services
      for (const change of [{ clientId: 'another' }, { webRoot: 'http://127.0.0.1:9' }]) {
        const before = await row(id)
        await database.updateTable('scmIntegrations').set(change).where('id', '=', id).execute()
        await endIn(id, name, -1)
        const answer = await use(id)
        expect([answer.status, answer.json.error]).toEqual([503, expect.stringContaining('Link it again')])
        await database
          .updateTable('scmIntegrations')
          .set({ clientId: before?.clientId ?? null, webRoot: before?.webRoot ?? '' })
          .where('id', '=', id)
          .execute()
      }
      expect(refreshCalls(sandbox.platforms[name])).toEqual([])
      expect((await use(id)).status).toBe(200)
    })

    it('revokes the token of a link that is unlinked', async () => {
      const id = await linkByOAuth(browser, name)
      expect(livingTokens(sandbox.platforms[name])).toHaveLength(1)
      expect((await account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
      await until(() => livingTokens(sandbox.platforms[name]).length === 0)
      expect(sandbox.platforms[name].state.refreshTokens.every(({ revoked }) => revoked)).toBe(true)
      await until(async () => (await revocations()).length === 0)
    })

    it('revokes a pair whose access token has run out', async () => {
      const id = await linkByOAuth(browser, name)
      const { state } = sandbox.platforms[name]
      for (const token of state.tokens) if (token.oauth) token.expiresAt = '2025-01-01T00:00:00Z'
      expect(state.refreshTokens.some(({ revoked }) => !revoked)).toBe(true)
      expect((await account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
      await until(() => state.refreshTokens.every(({ revoked }) => revoked))
      expect(livingTokens(sandbox.platforms[name])).toEqual([])
      await until(async () => (await revocations()).length === 0)
    })

    it('answers 204 while the platform is down, and revokes once it is back', async () => {
      const id = await linkByOAuth(browser, name)
      const { access_token } = await show(id)
      sandbox.platforms[name].faults.set({ fault: 'connection-closed' })
      expect((await account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
      expect((await account.call('GET', `/v1/scm_integrations/${id}`)).status).toBe(404)
      await until(async () => (await revocations()).some(({ attempts }) => attempts > 0))
      expect(JSON.stringify(await revocations())).not.toContain(access_token)
      expect(livingTokens(sandbox.platforms[name])).toHaveLength(1)
      sandbox.platforms[name].faults.clear()
      await until(() => livingTokens(sandbox.platforms[name]).length === 0, 20)
      await until(async () => (await revocations()).length === 0)
    })

    it('revokes what a removed user had linked, though another process removes them', async () => {
      await linkByOAuth(browser, name)
      expect(await userRemove(service.services, account.username)).toContain('revokes what they had allowed')
      await until(() => livingTokens(sandbox.platforms[name]).length === 0, 25)
    })

    it('lets an unlinked link stay gone when its token is being renewed, and revokes the new pair', async () => {
      const id = await linkByOAuth(browser, name)
      await endIn(id, name, -1)
      sandbox.platforms[name].faults.set({ fault: 'headers-late', path: tokenPath, value: 2, times: 1 })
      const using = use(id)
      await until(() => refreshCalls(sandbox.platforms[name]).length === 1)
      expect((await account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
      expect((await using).status).toBe(404)
      expect(await row(id)).toBeUndefined()
      await until(() => livingTokens(sandbox.platforms[name]).length === 0, 25)
    })

    it('keeps the newer pair when a link is made again while its token is being renewed', async () => {
      const id = await linkByOAuth(browser, name)
      const back = await decide(browser, await beginLinking(browser, name))
      await endIn(id, name, -1)
      sandbox.platforms[name].faults.set({ fault: 'headers-late', path: tokenPath, value: 2, times: 1 })
      const using = use(id)
      await until(() => refreshCalls(sandbox.platforms[name]).length === 1)
      expect((await browser.get(back)).status).toBe(303)
      const { access_token } = await show(id)
      expect((await using).status).toBe(200)
      expect((await show(id)).access_token).toBe(access_token)
      await until(() => livingTokens(sandbox.platforms[name]).length === 1, 25)
      expect(livingTokens(sandbox.platforms[name])).toEqual([access_token])
    })
  })

  async function revocations() {
    return service.services.database.selectFrom('revocations').selectAll().execute()
  }

  it('does not revoke a token that its owner pasted', async () => {
    const platform = sandbox.platforms['github-enterprise']
    const id = await linkAccount(account, platform)
    expect((await account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
    expect(await revocations()).toEqual([])
    expect(await linkAccount(account, platform)).not.toBe(id)
  })

  it('does not renew what has no end', async () => {
    sandbox.platforms.github.state.settings.oauth.expiring = false
    const id = await linkByOAuth(browser, 'github')
    expect((await show(id)).token_expires_at).toBeNull()
    expect((await use(id)).status).toBe(200)
    for (const token of sandbox.platforms.github.state.tokens) if (token.oauth) token.revoked = true
    expect((await use(id)).json.code).toBe('scm_token_rejected')
    expect(tokenCalls(sandbox.platforms.github)).toHaveLength(1)
    expect((await show(id)).status).toBe('token_rejected')
  })

  it(`serves fifty calls at once on two processes with one refresh, ${ROUNDS} times`, async () => {
    const other = await startProcess({ ...service.environment, PORT: (await ownAddress()).PORT })
    await fiftyAtOnce('gitlab', [service.url, other.url]).finally(() => other.kill())
  }, 800_000)

  it('asks to link again when the process was killed between the platform’s answer and the store', async () => {
    const name = 'gitlab'
    const platform = sandbox.platforms[name]
    const other = await startProcess({ ...service.environment, PORT: (await ownAddress()).PORT })
    try {
      const id = await linkByOAuth(browser, name)
      await endIn(id, name, -1)
      platform.faults.set({ fault: 'headers-late', path: tokenPath, value: 1, times: 1 })
      const headers = { authorization: `Bearer ${account.bearer}` }
      const call = send('GET', `${other.url}/v1/scm_integrations/${id}/orgs`, undefined, headers).catch(() => 'cut')
      await until(() => refreshCalls(platform).length === 1)
      const unlock = await lockStore(id)
      await until(() => platform.state.refreshTokens.some(({ spent }) => spent))
      await delay(300)
      await other.kill()
      await unlock()
      expect(await call).toBe('cut')
      const left = await row(id)
      expect(left?.tokenVersion).toBe(1)
      const leaseEnds = Date.parse(left?.refreshLease?.split(' ')[0] ?? '')
      expect(leaseEnds - Date.now()).toBeLessThan(35_000)

      // As if that time had passed.
      await service.services.database
        .updateTable('scmIntegrations')
        .set({ refreshLease: `${new Date(Date.now() - 1).toISOString()} x` })
        .where('id', '=', id)
        .execute()
      for (let n = 0; n < 4; n++) {
        const answer = await use(id)
        expect([answer.status, answer.json.error]).toEqual([403, expect.stringContaining(`link?again=${id}`)])
      }
      expect(refreshCalls(platform)).toHaveLength(2)
      expect((await show(id)).status).toBe('expired')
      expect(await linkByOAuth(browser, name, { again: id })).toBe(id)
      expect((await use(id)).status).toBe(200)
    } finally {
      await other.kill()
    }
  }, 240_000)

  /** Nobody can change the link until the returned function is called. */
  async function lockStore(id: string): Promise<() => Promise<void>> {
    const { databaseUrl } = service.services.config
    if (databaseUrl === null) {
      const file = new Libsql(join(service.dataDir, 'forgelink.db'))
      file.exec('begin immediate')
      return async () => {
        file.exec('rollback')
        file.close()
      }
    }
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    await client.query('begin')
    await client.query('select id from scm_integrations where id = $1 for update', [id])
    return async () => {
      // A statement that waits on the server would be done there after its client's death: it is to count as not arrived.
      await client.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      )
      await client.query('rollback')
      await client.end()
    }
  }

  it('revokes after a restart what could not be revoked before', async () => {
    const first = await startService(engine, { ...(await ownAddress()), ...oauthSettings(sandbox) })
    const own = await first.addAccount('restarted')
    const fresh = openBrowser(first)
    await fresh.signIn(own)
    const id = await linkByOAuth(fresh, 'gitlab')
    sandbox.platforms.gitlab.faults.set({ fault: 'connection-closed' })
    await own.call('DELETE', `/v1/scm_integrations/${id}`)
    await until(async () =>
      (await first.services.database.selectFrom('revocations').selectAll().execute()).some(
        ({ attempts }) => attempts > 0,
      ),
    )
    const replica = await startReplica(first)
    sandbox.platforms.gitlab.faults.clear()
    await until(() => livingTokens(sandbox.platforms.gitlab).length === 0, 25)
    await replica.close()
    await first.close()
  })
})
