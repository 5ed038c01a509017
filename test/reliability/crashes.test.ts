// Reliability section 5: killed at any moment, what was acknowledged stays, and nothing is half done.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { startSandbox } from '../../sandbox/sandbox.ts'
import { openBrowser, ownAddress } from '../support/browser.ts'
import { forgelink, prepareCommand, type RunningServer, startServer } from '../support/command.ts'
import { startMarkedPlatform } from '../support/marked-platform.ts'
import { linkByOAuth, oauthSettings, refreshCalls } from '../support/oauth.ts'
import { createTestDatabase, postgresUrl } from '../support/postgres.ts'
import { ed25519Key } from '../support/public-keys.ts'
import { type Answer, type Engine, exchange, send } from '../support/service.ts'

/** How often the process is killed: `FORGELINK_TEST_ROUNDS=100` for a thorough run. */
const ROUNDS = Number(process.env.FORGELINK_TEST_ROUNDS ?? 10)
const engines: Engine[] = postgresUrl() ? ['SQLite', 'PostgreSQL'] : ['SQLite']

describe.each(engines)('kill -9 at a random moment (%s)', (engine) => {
  it(
    `of creates, imports, deletes and refreshes, ${ROUNDS} times: it starts again, and all that was acknowledged is there`,
    async () => {
      await prepareCommand()
      const platform = await startMarkedPlatform()
      const sandbox = await startSandbox({ ports: 'free' })
      sandbox.platforms.gitlab.state.settings.rateLimits = null
      const dataDir = mkdtempSync(join(tmpdir(), 'forgelink-crashes-'))
      const database = engine === 'PostgreSQL' ? await createTestDatabase() : undefined
      const settings = {
        ...(await ownAddress()),
        ...oauthSettings(sandbox),
        DATA_DIR: dataDir,
        DATABASE_URL: database?.url,
        SECRET_KEYS: `k:${Buffer.alloc(32, 5).toString('base64')}`,
        ALLOWED_HOSTS: platform.origin,
        LOG_LEVEL: 'silent',
        RATE_LIMIT: '0',
      }
      let server = await startServer(settings)
      try {
        const account = { username: 'alice', password: 'correct horse' }
        const names = ['--email', 'alice@example.test', '--username', account.username, '--password', account.password]
        const { token } = JSON.parse((await forgelink(['user', 'add', ...names, '--json'], settings)).stdout)
        const bearer = await exchange(server.url, token)
        const call = (method: string, path: string, body?: unknown) =>
          send(method, `${server.url}/v1${path}`, body, { authorization: `Bearer ${bearer}` })
        const create = (n: number) =>
          call('POST', '/scm_integrations', {
            scm_type: 'github-enterprise',
            url: platform.origin,
            access_token: `token-${n}`,
          })

        /** The number of the account behind each link that has to be there, and of each that may. */
        const certain = new Map<number, string>()
        const possible = new Set<number>()
        const keys = new Set<number>()

        for (let round = 1; round <= ROUNDS; round++) {
          // Two that are there for sure: one to import from, one to delete.
          for (let n = round * 10 + 4; certain.size < 2; n++) certain.set(n, (await create(n)).json.scm_integration.id)
          const oauthLink = await linkAnew(server, sandbox, account)
          const spentBefore = refreshCalls(sandbox.platforms.gitlab).length
          for (const each of sandbox.platforms.gitlab.state.tokens)
            if (each.oauth) each.expiresAt = '2025-01-01T00:00:00Z'

          const fresh = [1, 2, 3].map((n) => round * 10 + n)
          const [oldest = 0, next = 0] = certain.keys()
          for (const n of [...fresh, oldest]) possible.add(n)
          const creates = fresh.map((n) => outcome(create(n)))
          const imported = outcome(call('POST', `/scm_integrations/${certain.get(next)}/import_keys`))
          const deleted = outcome(call('DELETE', `/scm_integrations/${certain.get(oldest)}`))
          const exchanges = Array.from({ length: 5 }, (_, n) =>
            outcome(call('GET', `/scm_integrations/${oauthLink}/orgs?per_page=${n + 1}`)),
          )
          certain.delete(oldest)
          await delay(Math.random() * 120)
          await server.stop('SIGKILL')

          for (const [index, each] of creates.entries()) {
            const answer = await each
            const n = fresh[index] ?? 0
            if (answer?.status === 201) {
              certain.set(n, answer.json.scm_integration.id)
              possible.delete(n)
            }
          }
          if ((await imported)?.status === 201) keys.add(next)
          if ((await deleted)?.status === 204) possible.delete(oldest)
          const isExchanged = (await Promise.all(exchanges)).some((each) => each !== undefined)

          server = await startServer(settings)
          await expectWhole(call, certain, possible, keys)
          // Whoever was killed while it renewed the token keeps others from it for up to 35 seconds: waited for once.
          if (isExchanged || round === ROUNDS) {
            const use = () => call('GET', `/scm_integrations/${oauthLink}/orgs`)
            let first = await use()
            while (first.status === 503 && first.json.code === 'scm_unavailable') first = await use()
            // The pair was stored, or it was not: then the link has to be made again, and is not tried for ever.
            expect([first.status, first.json.code]).toEqual(
              first.status === 200 ? [200, undefined] : [403, 'scm_token_rejected'],
            )
            for (let n = 0; n < 3; n++) expect((await use()).status).toBe(first.status)
          }
          const spent = refreshCalls(sandbox.platforms.gitlab).slice(spentBefore)
          expect(spent.length).toBeLessThanOrEqual(2)
          await call('DELETE', `/scm_integrations/${oauthLink}`)
          sandbox.platforms.gitlab.requests.length = 0
        }
      } finally {
        await server.stop('SIGKILL')
        await sandbox.close()
        await platform.close()
        await database?.drop()
        rmSync(dataDir, { recursive: true, force: true })
      }
    },
    120_000 + ROUNDS * 15_000,
  )

  async function linkAnew(
    server: RunningServer,
    sandbox: Sandbox,
    account: { username: string; password: string },
  ): Promise<string> {
    sandbox.platforms.gitlab.state.settings.oauth.expiring = true
    const browser = openBrowser(server)
    const page = await browser.get('/sign-in')
    await browser.submit(page, { login: account.username, password: account.password })
    return linkByOAuth(browser, 'gitlab')
  }

  /** undefined: the process died before it answered. */
  function outcome(answer: Promise<Answer>): Promise<Answer | undefined> {
    return answer.catch(() => undefined)
  }

  async function expectWhole(
    call: (method: string, path: string) => Promise<Answer>,
    certain: Map<number, string>,
    possible: Set<number>,
    keys: Set<number>,
  ): Promise<void> {
    const { status, text, json } = await call('GET', '/scm_integrations?scm_type=github-enterprise')
    expect([status, text]).toEqual([200, expect.any(String)])
    const found = new Map<number, string>()
    for (const link of json.scm_integrations) {
      const n = Number(link.uid)
      found.set(n, link.id)
      // Whole, and its secret opens.
      expect(link).toMatchObject({ username: `user-${n}`, access_token: `token-${n}`, status: 'ok' })
      expect(certain.has(n) || possible.has(n)).toBe(true)
    }
    for (const [n, id] of certain) expect([n, found.get(n)]).toEqual([n, id])
    const some = [...found.values()].at(-1)
    expect((await call('GET', `/scm_integrations/${some}/orgs`)).status).toBe(200)
    const contents = (await call('GET', '/keys')).json.keys.map((key: { content: string }) => key.content)
    for (const n of keys) expect(contents).toContain(`${ed25519Key(n)} key of user-${n}`)
    expect(new Set(contents).size).toBe(contents.length)
    for (const n of possible) {
      // Whatever became of it, it is settled now.
      const id = found.get(n)
      if (id) certain.set(n, id)
    }
    possible.clear()
  }
})
