// Asking again: what is answered from memory for a moment, what that moment ends with, and which calls are shared.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Sandbox, SandboxPlatform } from '../../sandbox/sandbox.ts'
import { linkAccount, linkBody, startPlatforms } from '../support/platforms.ts'
import type { Account, Answer, Service } from '../support/service.ts'
import { describeOnBothEngines, startService } from '../support/service.ts'
import { until } from '../support/until.ts'

const PLATFORMS = ['github-enterprise', 'gitlab-self-hosted'] as const
const NO_CACHE = { 'cache-control': 'no-cache' }

const SEARCH = 'search_repos?query=service+fork:true'
const PULLS = 'search_pull_requests?query=repo:alice/service-001'
const ORGS = 'orgs?per_page=50'

describeOnBothEngines('a question asked again', (engine) => {
  let sandbox: Sandbox
  /** With the default of SEARCH_FRESH_SECONDS; for one second; not at all. */
  const services: Record<'usual' | 'second' | 'never', Service> = {} as never

  beforeAll(async () => {
    const { settings, ...platforms } = await startPlatforms()
    sandbox = platforms.sandbox
    services.usual = await startService(engine, { ...settings, SEARCH_FRESH_SECONDS: undefined })
    services.second = await startService(engine, { ...settings, SEARCH_FRESH_SECONDS: '1' })
    services.never = await startService(engine, { ...settings, SEARCH_FRESH_SECONDS: '0' })
  })
  afterAll(async () => {
    for (const service of Object.values(services)) await service.close()
    await sandbox.close()
  })
  afterEach(() => sandbox.reset())

  describe.each(PLATFORMS)('of %s', (name) => {
    let count = 0
    let platform: SandboxPlatform
    let me: Account
    let id: string

    async function linkIn(service: Service): Promise<void> {
      platform = sandbox.platforms[name]
      me = await service.addAccount(`${name}-${++count}`)
      id = await linkAccount(me, platform)
      platform.requests.length = 0
    }
    beforeEach(() => linkIn(services.usual))

    function ask(path: string, headers?: Record<string, string>, method = 'GET'): Promise<Answer> {
      return me.call(method, `/v1/scm_integrations/${id}/${path}`, undefined, headers)
    }

    it.each([SEARCH, PULLS, ORGS])('%s is answered the same without a call, and says how old that is', async (path) => {
      const first = await ask(path)
      const calls = platform.requests.length
      expect([first.status, first.headers.get('age'), calls]).toEqual([200, null, 1])
      for (const method of ['GET', 'POST']) {
        const again = await ask(path, {}, method)
        expect([again.status, again.text]).toEqual([200, first.text])
        expect(again.headers.get('age')).toMatch(/^\d{1,2}$/)
        expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'))
      }
      expect(platform.requests).toHaveLength(calls)
    })

    it.each([NO_CACHE, { 'cache-control': 'max-age=0' }, { 'cache-control': 'no-store, No-Cache' }])(
      'with %o the platform is asked',
      async (headers) => {
        await ask(SEARCH)
        const again = await ask(SEARCH, headers)
        expect([again.status, again.headers.get('age'), platform.requests.length]).toEqual([200, null, 2])
      },
    )

    it.each([
      { 'cache-control': 'max-age=600' },
      { 'cache-control': 'max-age=x' },
      { 'cache-control': 'no-transform' },
    ])('with %o it is not', async (headers) => {
      await ask(SEARCH)
      expect([(await ask(SEARCH, headers)).status, platform.requests.length]).toEqual([200, 1])
    })

    it('anything else is a question of its own', async () => {
      const paths = [
        SEARCH,
        'search_repos?query=service+fork:true&page=2',
        'search_repos?query=service+fork:true&per_page=19',
        'search_repos?query=drill+fork:true',
        'search_pull_requests?query=service',
        'orgs',
      ]
      const texts = new Set<string>()
      for (const path of paths) texts.add((await ask(path)).text)
      expect(platform.requests.length).toBeGreaterThanOrEqual(paths.length)
      expect(texts.size).toBe(paths.length)
    })

    it('branches are asked for each time: somebody who has just pushed one looks for it', async () => {
      const path = 'branches?repo_name=john-diggle/example-repository'
      await ask(path)
      const calls = platform.requests.length
      expect([(await ask(path)).status, platform.requests.length]).toEqual([200, 2 * calls])
    })

    it('an answer with a warning is not given again', async () => {
      const path = 'search_repos?query=x+user:nobody-at-all'
      const first = await ask(path)
      const calls = platform.requests.length
      expect(first.json.meta.warnings).toHaveLength(1)
      expect([(await ask(path)).status, platform.requests.length]).toEqual([200, 2 * calls])
    })

    it('each link has its own answers, and nobody sees those of another account', async () => {
      await ask(SEARCH)
      const other = await services.usual.addAccount(`other-${name}-${count}`)
      const own = await linkAccount(other, platform)
      platform.requests.length = 0
      expect((await other.call('GET', `/v1/scm_integrations/${id}/${SEARCH}`)).status).toBe(404)
      expect((await other.call('GET', `/v1/scm_integrations/${own}/${SEARCH}`)).status).toBe(200)
      expect(platform.requests).toHaveLength(1)
    })

    it('with a new token of the link the platform is asked', async () => {
      await ask(SEARCH)
      const token = linkBody(platform, 'alice', name.startsWith('gitlab') ? 'read-api' : 'fine-grained')
      const { access_token } = token.scm_integration
      const changed = await me.call('PATCH', `/v1/scm_integrations/${id}`, { scm_integration: { access_token } })
      expect([changed.status, changed.text]).toEqual([200, expect.any(String)])
      platform.requests.length = 0
      await ask(SEARCH)
      expect(platform.requests.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${access_token}`])
    })

    it.each(['status-403', 'html-200'] as const)(
      'after a call of the link that fails by %s it is asked',
      async (fault) => {
        await ask(SEARCH)
        platform.faults.set({ fault, path: '/user/keys' })
        expect((await ask('import_keys', {}, 'POST')).status).not.toBe(201)
        platform.requests.length = 0
        expect([(await ask(SEARCH)).status, platform.requests.length]).toEqual([200, 1])
      },
    )

    it('once the platform has rejected the token, that is the answer', async () => {
      await ask(SEARCH)
      const { access_token } = linkBody(platform).scm_integration
      for (const token of platform.state.tokens) if (token.value === access_token) token.revoked = true
      expect((await ask('import_keys', {}, 'POST')).json.code).toBe('scm_token_rejected')
      expect((await ask(SEARCH)).json.code).toBe('scm_token_rejected')
    })

    it('past the date on which the token ends, the platform is asked', async () => {
      await ask(SEARCH)
      await services.usual.services.database
        .updateTable('scmIntegrations')
        .set({ tokenExpiresAt: '2020-01-01T00:00:00.000Z' })
        .where('id', '=', id)
        .execute()
      expect([(await ask(SEARCH)).status, platform.requests.length]).toEqual([200, 2])
    })

    it('after unlinking there is nothing', async () => {
      await ask(SEARCH)
      expect((await me.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
      expect((await ask(SEARCH)).status).toBe(404)
    })

    it('twenty at once are one call', async () => {
      platform.faults.set({ fault: 'headers-late', value: 0.3 })
      const answers = await Promise.all(Array.from({ length: 20 }, () => ask(SEARCH)))
      expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1)
      expect([answers[0]?.status, platform.requests.length]).toEqual([200, 1])
    })

    describe('when it is kept for a second', () => {
      beforeEach(() => linkIn(services.second))

      it('the platform is asked after that, however often it was asked meanwhile', async () => {
        const first = await ask(SEARCH)
        await until(async () => {
          expect((await ask(SEARCH)).text).toBe(first.text)
          return platform.requests.length === 2
        }, 5)
      })
    })

    describe('when nothing is kept', () => {
      beforeEach(() => linkIn(services.never))

      // GitHub's searches have no ETag, as recorded answers show (data/recorded); its lists have one.
      it.each(name === 'github-enterprise' ? [PULLS, ORGS] : [SEARCH, PULLS, ORGS])(
        '%s costs a 304, for the same answer',
        async (path) => {
          const first = await ask(path)
          const again = await ask(path)
          expect([again.status, again.text]).toEqual([200, first.text])
          await until(() => platform.requests.every(({ status }) => status !== null))
          expect(platform.requests.map(({ status }) => status)).toEqual([200, 304])
        },
      )

      it('what has changed meanwhile is in the answer', async () => {
        const first = await ask(SEARCH)
        const [shown] = platform.state.repositories.filter(({ id }) => id === first.json.repositories[0].id)
        if (shown) shown.description = 'quite another one'
        const again = await ask(SEARCH)
        expect(again.json.repositories[0].description).toBe('quite another one')
      })
    })
  })
})
