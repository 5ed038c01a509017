// A new pair exists nowhere but here until it is stored: the store fails at the wrong moment, and nothing is lost.

import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { ownAddress } from './support/browser.ts'
import { prepareCommand, startServer } from './support/command.ts'
import { linkByOAuth, livingTokens, refreshCalls, revokedTokens } from './support/oauth.ts'
import { describeOnBothEngines, send, startReplica } from './support/service.ts'
import { onceAway, STORES_PAIR, storeAway, TOKEN_PATH, tokenLife } from './support/token-life.ts'
import { until } from './support/until.ts'

describeOnBothEngines('storing a new pair', (engine) => {
  const life = tokenLife(engine)
  const name = 'gitlab'

  it('keeps the pair when it was stored and only the store’s answer was lost', async () => {
    const id = await linkByOAuth(life.browser, name)
    await life.endIn(id, name, -1)
    const lost = onceAway()
    const leave = life.meddle(STORES_PAIR, { after: lost.fail })
    expect((await life.use(id)).status).toBe(200)
    leave()
    expect(lost.times()).toBeGreaterThan(0)
    expect(await life.revocations()).toEqual([])
    expect(livingTokens(life.platform(name))).toEqual([(await life.show(id)).access_token])
    expect((await life.use(id)).status).toBe(200)
    expect(revokedTokens(life.platform(name))).toEqual([])
  })

  it('judges whose the pair is also when the store’s answer was lost', async () => {
    const id = await linkByOAuth(life.browser, name)
    await life.endIn(id, name, -1)
    for (const token of life.platform(name).state.refreshTokens) token.userId = 44
    const lost = onceAway()
    const leave = life.meddle(STORES_PAIR, { after: lost.fail })
    expect((await life.use(id)).json.code).toBe('scm_token_rejected')
    leave()
    expect((await life.show(id)).status).toBe('expired')
  })

  it('stores the pair before it is used, however long the store is away', async () => {
    const id = await linkByOAuth(life.browser, name)
    await life.endIn(id, name, -1)
    const old = (await life.row(id))?.accessToken
    const leave = life.meddle(STORES_PAIR, { before: storeAway })
    const using = life.use(id)
    await until(() => livingTokens(life.platform(name)).length === 1)
    const [fresh = ''] = livingTokens(life.platform(name))
    await delay(17_000)
    const carried = () => life.platform(name).requests.filter(({ headers }) => headers.authorization?.includes(fresh))
    expect([carried().length, (await life.row(id))?.accessToken]).toEqual([0, old])
    leave()
    expect((await using).status).toBe(200)
    expect((await life.show(id)).access_token).toBe(fresh)
    expect(carried().length).toBeGreaterThan(0)
    expect(refreshCalls(life.platform(name))).toHaveLength(1)
  })

  it('stores a pair that a process is given while it stops, though its caller is gone', async () => {
    const id = await linkByOAuth(life.browser, name)
    await life.endIn(id, name, -1)
    life.platform(name).faults.set({ fault: 'headers-late', path: TOKEN_PATH, value: 2, times: 1 })
    const replica = await startReplica(life.service)
    const controller = new AbortController()
    const call = fetch(`${replica.url}/v1/scm_integrations/${id}/orgs`, {
      headers: { authorization: `Bearer ${life.account.bearer}` },
      signal: controller.signal,
    })
    await until(() => refreshCalls(life.platform(name)).length === 1)
    controller.abort()
    await expect(call).rejects.toThrow()
    await replica.close()
    expect((await life.row(id))?.tokenVersion).toBe(2)
    expect(livingTokens(life.platform(name))).toEqual([(await life.show(id)).access_token])
  })

  it('stops within 15 seconds while a token endpoint takes longer', async () => {
    const id = await linkByOAuth(life.browser, name)
    await life.endIn(id, name, -1)
    await prepareCommand()
    const server = await startServer({ ...life.service.environment, PORT: (await ownAddress()).PORT })
    life.platform(name).faults.set({ fault: 'body-drips', path: TOKEN_PATH })
    const headers = { authorization: `Bearer ${life.account.bearer}` }
    const call = send('GET', `${server.url}/v1/scm_integrations/${id}/orgs`, undefined, headers)
    await until(() => refreshCalls(life.platform(name)).length === 1)
    const began = Date.now()
    expect(await server.stop()).toEqual({ code: 0, signal: null })
    expect(Date.now() - began).toBeLessThan(15_000)
    expect((await call).status).toBe(503)
  }, 240_000)
})
