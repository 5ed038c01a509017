// Linking by OAuth where it goes wrong: who says no, what does not fit, and that nothing is linked then.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type FaultName, type Sandbox, startSandbox } from '../../sandbox/sandbox.ts'
import { type Browser, openBrowser, ownAddress, sessionCookieOf } from '../support/browser.ts'
import {
  beginLinking,
  decide,
  headingOf,
  livingTokens,
  OAUTH_NAMES,
  type OAuthName,
  oauthSettings,
  tokenCalls,
} from '../support/oauth.ts'
import type { Account, Answer, Service } from '../support/service.ts'
import { describeOnBothEngines, startService } from '../support/service.ts'
import { until } from '../support/until.ts'

describeOnBothEngines('linking by OAuth', (engine) => {
  let sandbox: Sandbox
  let service: Service
  let count = 0
  let account: Account
  let browser: Browser

  beforeAll(async () => {
    sandbox = await startSandbox({ ports: 'free' })
    service = await startService(engine, { ...(await ownAddress()), ...oauthSettings(sandbox) })
  })
  beforeEach(async () => {
    sandbox.reset()
    account = await service.addAccount(`user${++count}`)
    browser = openBrowser(service)
    await browser.signIn(account)
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  async function links(of = account) {
    return (await of.call('GET', '/v1/scm_integrations')).json.scm_integrations
  }

  /** The id of the only link. */
  async function onlyLink(of = account) {
    const found = await links(of)
    expect(found).toHaveLength(1)
    return found[0]
  }

  describe.each(OAUTH_NAMES)('%s', (name: OAuthName) => {
    const isGitHub = name === 'github'

    // What the callback refuses before it tells the platform anything.
    type FailedLink = (parts: { begin: () => Promise<string>; returned: () => Promise<string> }) => Promise<Answer>
    const failures: [string, number, FailedLink][] = [
      ['no state', 400, async ({ returned }) => browser.get(changed(await returned(), { state: null }))],
      [
        'an unknown state',
        400,
        async ({ returned }) => browser.get(changed(await returned(), { state: 'x'.repeat(43) })),
      ],
      ['an empty state', 400, async ({ returned }) => browser.get(changed(await returned(), { state: '' }))],
      ['two states', 400, async ({ returned }) => browser.get(`${await returned()}&state=x`)],
      ['no parameters', 400, async () => browser.get(`/users/${name}/callback`)],
      ['no code', 400, async ({ returned }) => browser.get(changed(await returned(), { code: null }))],
      ['two codes', 400, async ({ returned }) => browser.get(`${await returned()}&code=x`)],
      ['an error', 400, async ({ begin }) => browser.get(await decide(browser, await begin(), { decision: 'refuse' }))],
      ['a code with an error', 400, async ({ returned }) => browser.get(`${await returned()}&error=access_denied`)],
      ['an unknown error', 400, async ({ returned }) => browser.get(`${await returned()}&error=%3Cscript%3E`)],
      [
        'another issuer',
        400,
        async ({ returned }) => browser.get(changed(await returned(), { iss: 'https://evil.example' })),
      ],
      [
        'two issuers',
        400,
        async ({ returned }) => browser.get(`${await returned()}&iss=https%3A%2F%2Fevil.example&iss=x`),
      ],
      [
        'an expired state',
        400,
        async ({ returned }) => {
          const address = await returned()
          const time = new Date(Date.now() - 1000).toISOString()
          await service.services.database.updateTable('oauthStates').set({ expiresAt: time }).execute()
          return browser.get(address)
        },
      ],
      [
        'another session’s state of the same user',
        400,
        async ({ returned }) => {
          const address = await returned()
          const other = openBrowser(service)
          await other.signIn(account)
          return other.get(address)
        },
      ],
      [
        'another user’s state',
        400,
        async ({ returned }) => {
          const address = await returned()
          const other = openBrowser(service)
          await other.signIn(await service.addAccount(`thief${count}`))
          return other.get(address)
        },
      ],
      [
        'the other platform’s state',
        400,
        async ({ returned }) => {
          const other = isGitHub ? 'gitlab' : 'github'
          return browser.get((await returned()).replace(`/users/${name}/`, `/users/${other}/`))
        },
      ],
      ['no session', 401, async ({ returned }) => openBrowser(service).get(await returned())],
      [
        'a session that was ended in between',
        401,
        async ({ returned }) => {
          const address = await returned()
          const { csrf_token } = (await browser.get('/session')).json.session
          await browser.post('/sign-out', { csrf: csrf_token })
          return browser.get(address)
        },
      ],
      [
        'a user switched in between',
        400,
        async ({ returned }) => {
          const address = await returned()
          const { csrf_token } = (await browser.get('/session')).json.session
          await browser.post('/sign-out', { csrf: csrf_token })
          await browser.signIn(await service.addAccount(`switched${count}`))
          return browser.get(address)
        },
      ],
    ]

    function changed(address: string, values: Record<string, string | null>): string {
      const url = new URL(address)
      for (const [parameter, value] of Object.entries(values)) {
        if (value === null) url.searchParams.delete(parameter)
        else url.searchParams.set(parameter, value)
      }
      return url.href
    }

    it.each(failures)(
      'refuses a callback with %s: nothing is stored, no token is asked for',
      async (_case, status, act) => {
        const begin = () => beginLinking(browser, name)
        const returned = async () => decide(browser, await begin())
        const answer = await act({ begin, returned })
        expect(answer.status).toBe(status)
        expect(answer.headers.get('content-type')).toContain('text/html')
        expect(headingOf(answer)).not.toBe('')
        expect(answer.text).toMatch(/href="(\/users\/(github|gitlab)\/link|\/sign-in\?return_to=[^"]*)"/)
        expect(answer.text).not.toContain('<script>')
        expect(OAUTH_NAMES.flatMap((one) => tokenCalls(sandbox.platforms[one]))).toEqual([])
        expect(await links()).toEqual([])
        expect(
          await service.services.database
            .selectFrom('scmIntegrations')
            .selectAll()
            .where('ownerId', '=', account.id)
            .execute(),
        ).toEqual([])
      },
    )

    it('takes a state once: the second time nothing is asked for and the link stays', async () => {
      const address = await decide(browser, await beginLinking(browser, name))
      expect((await browser.get(address)).status).toBe(303)
      const calls = tokenCalls(sandbox.platforms[name]).length
      const before = await onlyLink()
      const replayed = await browser.get(address)
      expect([replayed.status, headingOf(replayed)]).toEqual([400, 'This attempt to link is not under way'])
      expect(tokenCalls(sandbox.platforms[name])).toHaveLength(calls)
      expect(await onlyLink()).toEqual(before)
    })

    it('takes a state once even when it comes ten times at the same moment', async () => {
      const address = await decide(browser, await beginLinking(browser, name))
      const answers = await Promise.all(Array.from({ length: 10 }, () => browser.get(address)))
      expect(answers.map(({ status }) => status).sort()).toEqual([303, ...new Array(9).fill(400)])
      expect(tokenCalls(sandbox.platforms[name])).toHaveLength(1)
    })

    it('does not let somebody else use a state up', async () => {
      const address = await decide(browser, await beginLinking(browser, name))
      const thief = openBrowser(service)
      await thief.signIn(await service.addAccount(`thief2-${count}`))
      expect((await thief.get(address)).status).toBe(400)
      expect((await browser.get(address)).status).toBe(303)
    })

    it('does not use a state up by HEAD', async () => {
      const address = await decide(browser, await beginLinking(browser, name))
      const cookie = `${sessionCookieOf(browser)}`
      const head = await fetch(address, { method: 'HEAD', headers: { cookie } })
      expect([404, 405]).toContain(head.status)
      expect((await browser.get(address)).status).toBe(303)
    })

    it('links nothing when the verifier does not fit', async () => {
      const address = await decide(browser, await beginLinking(browser, name))
      for (const grant of sandbox.platforms[name].state.grants) grant.codeChallenge = 'x'.repeat(43)
      const answer = await browser.get(address)
      expect([answer.status, answer.text.includes('Nothing was linked')]).toEqual([403, true])
      expect(await links()).toEqual([])
    })

    const faults: [FaultName, number][] = [
      ['oauth-invalid-grant', 403],
      ['oauth-invalid-client', 503],
      ['status-500', 503],
      ['status-502', 503],
      ['status-429', 429],
      ['html-200', 503],
      ['empty-body', 503],
      ['json-cut', 503],
      ['array-for-object', 503],
      ['connection-closed', 503],
      ['answer-lost', 503],
      ['redirect-foreign', 503],
    ]
    it.each(faults)('tells of %s at the token endpoint on a page, and links nothing', async (fault, status) => {
      const address = await decide(browser, await beginLinking(browser, name))
      sandbox.platforms[name].faults.set({ fault, path: '/oauth/(access_)?token$' })
      const answer = await browser.get(address)
      expect([answer.status, answer.headers.get('content-type')]).toEqual([status, 'text/html; charset=utf-8'])
      expect(answer.text).toContain('Nothing was linked')
      expect(answer.text).toContain(`href="/users/${name}/link"`)
      expect(answer.headers.has('retry-after')).toBe([429].includes(status) || fault.startsWith('status-50'))
      expect(tokenCalls(sandbox.platforms[name])).toHaveLength(1)
      expect(await links()).toEqual([])
      expect(answer.text).not.toContain(sandbox.platforms[name].oauth.secret)
    })

    it('links nothing when the platform does not say whose token it is, and revokes the token', async () => {
      const address = await decide(browser, await beginLinking(browser, name))
      sandbox.platforms[name].faults.set({ fault: 'status-403', path: '/user$' })
      const answer = await browser.get(address)
      expect(answer.status).toBe(403)
      expect(await links()).toEqual([])
      await until(() => livingTokens(sandbox.platforms[name]).length === 0)
    })
  })
})
