// Tokens that are still to be revoked while their platform limits us, is away, or somebody in between answers for it.

import { describe, expect, it, vi } from 'vitest'
import type { FaultRule } from '../sandbox/sandbox.ts'
import { linkByOAuth, livingTokens, OAUTH_NAMES, type OAuthName, revokedTokens } from './support/oauth.ts'
import { describeOnBothEngines } from './support/service.ts'
import { tokenLife } from './support/token-life.ts'
import { until as untilWithin } from './support/until.ts'

// A busy machine takes its time for what happens in the background.
vi.setConfig({ testTimeout: 120_000 })

function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  return untilWithin(holds, 30)
}

/** The paths at which GitHub and GitLab revoke. */
const REVOKE_PATH = '/applications/[^/]+/token$|/oauth/revoke$'
const HOUR = 3_600_000
const DAY = 86_400_000

describeOnBothEngines('a revocation that has to wait', (engine) => {
  const life = tokenLife(engine)

  async function unlink(id: string): Promise<void> {
    expect((await life.account.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(204)
  }

  async function tried(times: number): Promise<void> {
    await until(async () => {
      const left = await life.revocations()
      return left.some(({ attempts, nextAt }) => attempts === times && !isClaimed(nextAt))
    })
  }

  /** By the process that is at it; exactly two minutes ahead then. */
  function isClaimed(nextAt: string): boolean {
    return Math.abs(Date.parse(nextAt) - Date.now() - 120_000) < 5_000
  }

  describe.each(OAUTH_NAMES)('%s', (name: OAuthName) => {
    const answers: Omit<FaultRule, 'path'>[] = [
      { fault: 'oauth-foreign-page', value: 404 },
      { fault: 'oauth-foreign-page', value: 200 },
      { fault: 'oauth-foreign-empty', value: 422 },
      { fault: 'oauth-foreign', value: 404 },
    ]
    it.each(answers)('does not take $fault $value for done', async (fault) => {
      const id = await linkByOAuth(life.browser, name)
      life.platform(name).faults.set({ ...fault, path: REVOKE_PATH })
      await unlink(id)
      await tried(1)
      expect([livingTokens(life.platform(name)).length, (await life.revocations()).length]).toEqual([1, 1])
      life.platform(name).faults.clear()
      await life.revokeNow()
      await until(() => livingTokens(life.platform(name)).length === 0)
      await until(async () => (await life.revocations()).length === 0)
    })

    // https://docs.gitlab.com/security/rate_limits/: by address, and refused requests count as well.
    it('waits out a limit of an hour with all tokens of the platform', async () => {
      const platform = life.platform(name)
      const ids = [await linkByOAuth(life.browser, name), await linkByOAuth(life.browser, name, { user: 'carol' })]
      platform.faults.set({ fault: 'status-429', path: REVOKE_PATH, value: 7200 })
      await unlink(ids[0] ?? '')
      await tried(1)
      await unlink(ids[1] ?? '')
      await until(async () => (await life.revocations()).every(({ attempts }) => attempts === 1))
      await until(async () => (await life.revocations()).every(({ nextAt }) => !isClaimed(nextAt)))
      const waits = (await life.revocations()).map(({ nextAt }) => Date.parse(nextAt) - Date.now())
      for (const wait of waits) expect(Math.abs(wait - HOUR)).toBeLessThan(20_000)
      const sent = revokedTokens(platform).length
      // The time comes for one; the limit is still on, and for the other nothing is sent.
      await life.revokeNow()
      await until(() => revokedTokens(platform).length === sent + 1)
      await until(async () =>
        (await life.revocations()).every(({ nextAt }) => Date.parse(nextAt) - Date.now() > HOUR / 2),
      )
      expect(revokedTokens(platform)).toHaveLength(sent + 1)
      platform.faults.clear()
      await life.revokeNow()
      await until(() => livingTokens(platform).length === 0)
      await until(async () => (await life.revocations()).length === 0)
    })

    it.runIf(name === 'github')('waits until GitHub’s limit of the hour ends', async () => {
      const id = await linkByOAuth(life.browser, name)
      life.platform(name).faults.set({ fault: 'rate-limit-primary', path: REVOKE_PATH, value: 1800, times: 1 })
      await unlink(id)
      await tried(1)
      const [left] = await life.revocations()
      expect(Math.abs(Date.parse(left?.nextAt ?? '') - Date.now() - HOUR / 2)).toBeLessThan(20_000)
      await life.revokeNow()
      await until(async () => (await life.revocations()).length === 0)
    })

    it.each([
      [10, 'goes on'],
      [31, 'is given up'],
    ])('after %i days of an outage it %s', async (days, outcome) => {
      const id = await linkByOAuth(life.browser, name)
      life.platform(name).faults.set({ fault: 'status-503', path: REVOKE_PATH })
      await unlink(id)
      await tried(1)
      const { database } = life.service.services
      const createdAt = new Date(Date.now() - days * DAY).toISOString()
      await database.updateTable('revocations').set({ createdAt }).execute()
      await life.revokeNow()
      if (outcome === 'is given up') {
        await until(async () => (await life.revocations()).length === 0)
        return
      }
      await tried(2)
      life.platform(name).faults.clear()
      await life.revokeNow()
      await until(() => livingTokens(life.platform(name)).length === 0)
    })
  })
})
