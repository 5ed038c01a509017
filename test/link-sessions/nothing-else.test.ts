// What a browser gets with a link session's cookie: the pages of that link session, and nothing of any other route.

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { startSandbox } from '../../sandbox/sandbox.ts'
import { openBrowser, ownAddress } from '../support/browser.ts'
import { addCustomer, begin, type Customer, goThroughOAuth, RETURN_URLS } from '../support/link-sessions.ts'
import { goesTo, livingTokens, oauthSettings } from '../support/oauth.ts'
import { listRoutes } from '../support/routes.ts'
import { describeOnBothEngines, type Service, send, startReplica, startService } from '../support/service.ts'
import { addService } from '../support/service-tokens.ts'
import { until } from '../support/until.ts'

const NIL_UUID = '00000000-0000-0000-0000-000000000000'

describeOnBothEngines('a link session', (engine) => {
  let sandbox: Sandbox
  let service: Service
  let user: Customer

  beforeAll(async () => {
    sandbox = await startSandbox({ ports: 'free' })
    service = await startService(
      engine,
      { ...(await ownAddress()), ...oauthSettings(sandbox), RETURN_URLS },
      { revocationsEvery: 250 },
    )
    user = await addCustomer(await addService(service), `customer-${Date.now()}`)
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  it('opens no other route: each answers as it does to nobody', async () => {
    const { id, url } = await user.make({ scm_type: 'github' })
    const { browser, page } = await begin(service, url)
    const [name = '', value = ''] = [...browser.cookies][0] ?? []
    const csrf = /name="csrf" value="([^"]*)"/.exec(page.text)?.[1] ?? ''
    const origin = service.url
    // Also where the dashboard's cookie would be.
    const cookies = [`${name}=${value}`, `${name.replace('-linking', '')}=${value.split('.')[1]}`].join('; ')
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    for (const route of await listRoutes(service)) {
      const [method = '', path = ''] = route.split(' ')
      if (path === '/healthz' || path === '/readyz' || path === '/sign-in') continue
      const isPage = !path.startsWith('/v1')
      const body = method === 'GET' ? undefined : isPage ? `csrf=${csrf}` : {}
      const address = `${service.url}${path.replace(':id', path.startsWith('/link-sessions') ? NIL_UUID : id)}`
      const headers = { origin, 'x-csrf-token': csrf, ...(isPage && body !== undefined && form) }
      const nobody = await send(method, address, body, headers)
      const linking = await send(method, address, body, { ...headers, cookie: cookies })
      // The nonce of a page and the id of a request differ.
      const shown = [nobody, linking].map(({ status, text }) => [route, status, text.length])
      expect(shown[1]).toEqual(path.endsWith('/callback') || path === '/sign-out' ? expect.anything() : shown[0])
      expect([route, linking.status]).toEqual([route, expect.toSatisfy((status) => status < 500)])
      if (path.startsWith('/v1') && path !== '/v1/regions') expect([route, linking.status]).toEqual([route, 401])
    }
    expect(await user.show(id)).toMatchObject({ status: 'begun' })
  }, 60_000)

  it('sends its cookie to its own pages and, once asked for, to one callback', async () => {
    const { id, url } = await user.make({ scm_type: 'github' })
    const lines: string[] = []
    const browser = openBrowser(service)
    const first = await browser.get(url)
    lines.push(...first.headers.getSetCookie())
    const form = Object.fromEntries([['csrf', /name="csrf" value="([^"]*)"/.exec(first.text)?.[1] ?? '']])
    lines.push(...(await browser.post(`/link-sessions/${id}/begin`, form)).headers.getSetCookie())
    const onward = await browser.post(`/link-sessions/${id}/oauth`, { ...form, scm_type: 'github' })
    lines.push(...onward.headers.getSetCookie())
    expect(lines.map((line) => /Path=([^;]*); HttpOnly; SameSite=Lax; Max-Age=900$/.exec(line)?.[1])).toEqual([
      `/link-sessions/${id}`,
      `/link-sessions/${id}`,
      '/users/github/callback',
    ])
    expect(goesTo(onward)).toContain(sandbox.platforms.github.url)
  })

  it('links nothing for a browser that takes another’s callback', async () => {
    const { id, url } = await user.make({ scm_type: 'github' })
    const at = await begin(service, url)
    const callback = await goThroughOAuth(at, 'github')
    for (const cookie of [undefined, `forgelink-linking=${NIL_UUID}.${'x'.repeat(43)}`]) {
      const answer = await send('GET', callback, undefined, cookie === undefined ? {} : { cookie })
      expect(answer.status).toBeGreaterThanOrEqual(400)
    }
    expect(await user.show(id)).toMatchObject({ status: 'begun' })
    expect(livingTokens(sandbox.platforms.github)).toEqual([])
  })

  it('leaves no token behind when its process dies while it asks whose it is', async () => {
    const { url } = await user.make({ scm_type: 'github' })
    const at = await begin(service, url)
    const callback = await goThroughOAuth(at, 'github')
    sandbox.platforms.github.faults.set({ fault: 'headers-never', path: '/user' })
    const answered = at.browser.get(callback)
    const { database } = service.services
    const waiting = () => database.selectFrom('revocations').selectAll().execute()
    await until(async () => (await waiting()).length === 1)
    const [revocation] = await waiting()
    expect(Date.parse(revocation?.nextAt ?? '') - Date.now()).toBeLessThan(61_000)
    // For another process that time is over: it knows nothing of the first.
    const past = new Date(Date.now() - 1000).toISOString()
    const replica = await startReplica(service)
    await database.updateTable('revocations').set({ nextAt: past }).execute()
    await until(() => livingTokens(sandbox.platforms.github).length === 0)
    sandbox.platforms.github.faults.clear()
    expect((await answered).text).toContain('result=failed')
    await replica.close()
  }, 60_000)
})
