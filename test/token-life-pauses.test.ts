// How long a link is left alone whose token cannot be renewed, and whose word counts at the token endpoint.

import { describe, expect, it } from 'vitest'
import type { FaultName } from '../sandbox/sandbox.ts'
import {
  beginLinking,
  decide,
  headingOf,
  linkByOAuth,
  OAUTH_NAMES,
  type OAuthName,
  refreshCalls,
} from './support/oauth.ts'
import { type Answer, describeOnBothEngines, send, startReplica } from './support/service.ts'
import { TOKEN_PATH, tokenLife } from './support/token-life.ts'
import { until } from './support/until.ts'

describeOnBothEngines('the pauses of a token that cannot be renewed', (engine) => {
  const life = tokenLife(engine)

  function waitOf({ headers }: Answer): number {
    return Number(headers.get('retry-after'))
  }

  /** A link whose token has ended. */
  async function ended(name: OAuthName): Promise<string> {
    const id = await linkByOAuth(life.browser, name)
    await life.endIn(id, name, -1)
    return id
  }

  it('are two seconds after a single trouble, and then it is well again by itself', async () => {
    const id = await ended('gitlab')
    life.platform('gitlab').faults.set({ fault: 'status-502', path: TOKEN_PATH, times: 1 })
    const began = Date.now()
    const first = await life.use(id)
    expect([first.status, waitOf(first)]).toEqual([503, 2])
    await until(async () => (await life.use(id)).status === 200)
    const took = Date.now() - began
    expect([took >= 2_000, took < 5_000]).toEqual([true, true])
    expect(refreshCalls(life.platform('gitlab'))).toHaveLength(2)
  })

  it('double to half a minute while it goes on, for all processes together, and begin anew after a success', async () => {
    const id = await ended('github')
    const replica = await startReplica(life.service)
    const elsewhere = () => {
      const headers = { authorization: `Bearer ${life.account.bearer}` }
      return send('GET', `${replica.url}/v1/scm_integrations/${id}/orgs`, undefined, headers)
    }
    const waits: number[] = []
    async function failAgain(answer: Answer): Promise<void> {
      waits.push(waitOf(answer))
      await life.leaseOver(id)
    }
    const { faults } = life.platform('github')
    faults.set({ fault: 'status-502', path: TOKEN_PATH })
    for (let n = 0; n < 3; n++) {
      await failAgain(await life.use(id))
      await failAgain(await elsewhere())
    }
    faults.clear()
    expect((await life.use(id)).status).toBe(200)
    await life.endIn(id, 'github', -1)
    faults.set({ fault: 'status-502', path: TOKEN_PATH })
    await failAgain(await elsewhere())
    await replica.close()
    expect(waits).toEqual([2, 4, 8, 16, 30, 30, 2])
  })

  it('forget a trouble of long ago', async () => {
    const id = await ended('gitlab')
    const { faults } = life.platform('gitlab')
    faults.set({ fault: 'status-502', path: TOKEN_PATH })
    expect(waitOf(await life.use(id))).toBe(2)
    const [, state] = (await life.row(id))?.refreshLease?.split(' ') ?? []
    await life.change(id, { refreshLease: `${new Date(Date.now() - 3_600_000).toISOString()} ${state}` })
    expect(waitOf(await life.use(id))).toBe(2)
  })

  it('are as long as the platform asks when it asks for more', async () => {
    const id = await ended('gitlab')
    life.platform('gitlab').faults.set({ fault: 'status-503', path: TOKEN_PATH, value: 90 })
    expect(waitOf(await life.use(id))).toBe(90)
  })

  // GitLab.com's second OAuth server is away: upstream-apis.md 1.12.
  it('do not end a link whose token is refused while the token endpoint is down, and send nothing meanwhile', async () => {
    const platform = life.platform('gitlab')
    const id = await linkByOAuth(life.browser, 'gitlab')
    platform.faults.set([
      { fault: 'status-401', path: '/api/v4/' },
      { fault: 'status-503', path: TOKEN_PATH },
    ])
    const [token] = platform.state.tokens.filter(({ oauth }) => oauth)
    if (token) token.createdAt = '2025-01-01T00:00:00Z'
    const first = await life.use(id)
    expect([first.status, first.json.code, (await life.show(id)).status]).toEqual([503, 'scm_unavailable', 'ok'])
    const calls = platform.requests.length
    expect((await life.use(id)).status).toBe(503)
    expect(platform.requests).toHaveLength(calls)
    platform.faults.clear()
    await life.leaseOver(id)
    expect([(await life.use(id)).status, refreshCalls(platform).length]).toEqual([200, 1])
  })

  describe.each(OAUTH_NAMES)('%s', (name: OAuthName) => {
    // What somebody in between says is neither the link's end nor about our application.
    const foreign: [FaultName, number][] = [
      ['oauth-foreign', 400],
      ['oauth-foreign', 401],
      ['oauth-foreign', 403],
      ['oauth-foreign', 404],
      ['oauth-foreign-page', 400],
      ['oauth-foreign-page', 401],
      ['oauth-foreign-page', 403],
      ['oauth-foreign-page', 404],
      ['oauth-foreign-page', 406],
      ['oauth-foreign-empty', 401],
      ['oauth-foreign-empty', 404],
    ]
    it('come after what somebody in between wrote, which ends no link', async () => {
      const id = await ended(name)
      for (const [fault, value] of foreign) {
        life.platform(name).faults.set({ fault, value, path: TOKEN_PATH })
        const answer = await life.use(id)
        expect([fault, value, answer.status, answer.json.code]).toEqual([fault, value, 503, 'scm_bad_response'])
        expect(answer.json.error).toContain(`answered ${value} with `)
        // A wrong address is answered so too, and the operator's to mend.
        expect(answer.json.error.includes(`check ${name.toUpperCase()}_URL, `)).toBe(value === 404)
        await life.leaseOver(id)
      }
      expect((await life.show(id)).status).toBe('ok')
      life.platform(name).faults.clear()
      expect((await life.use(id)).status).toBe(200)
    })

    it.each([
      ['oauth-foreign', 429, 60],
      ['oauth-foreign-page', 429, 60],
      ['oauth-foreign-empty', 429, 60],
      ['status-429', 600, 600],
      ['status-429', 7200, 3600],
      ['oauth-slow-down', undefined, 60],
    ] as [FaultName, number | undefined, number][])('are a limit’s with %s %s: %i s', async (fault, value, wait) => {
      const id = await ended(name)
      life.platform(name).faults.set({ fault, ...(value !== undefined && { value }), path: TOKEN_PATH })
      const answer = await life.use(id)
      expect([answer.status, answer.json.code, waitOf(answer)]).toEqual([429, 'scm_rate_limited', wait])
      expect((await life.show(id)).status).toBe('ok')
    })

    // https://github.com/octokit/auth-oauth-user.js/issues/239
    it('name the operator’s settings when the application does not exist there', async () => {
      const id = await ended(name)
      const back = await decide(life.browser, await beginLinking(life.browser, name))
      life.platform(name).faults.set({ fault: 'oauth-not-found' })
      const settings = ['URL', 'CLIENT_ID', 'CLIENT_SECRET'].map((setting) => `${name.toUpperCase()}_${setting}`)
      const page = await life.browser.get(back)
      expect([page.status, headingOf(page)]).toEqual([
        503,
        `Linking ${name === 'github' ? 'GitHub' : 'GitLab'} did not work`,
      ])
      const told = [page.text, (await life.use(id)).json.error, (await life.use(id)).json.error]
      for (const text of told) for (const setting of settings) expect(text).toContain(setting)
      expect((await life.show(id)).status).toBe('ok')
      life.platform(name).faults.clear()
      await life.leaseOver(id)
      expect((await life.use(id)).status).toBe(200)
    })
  })
})
