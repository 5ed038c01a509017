// A new pair exists nowhere but here until it is stored: the store fails at the wrong moment, and nothing is lost.

import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { linkByOAuth, livingTokens, refreshCalls, revokedTokens } from './support/oauth.ts'
import { describeOnBothEngines } from './support/service.ts'
import { onceAway, STORES_PAIR, storeAway, tokenLife, until } from './support/token-life.ts'

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
})
