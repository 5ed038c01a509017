// What a session has to give its password for again, what a bearer need not, and that shown platform tokens leave an event. Contract section 2.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Browser, openBrowser, ownAddress } from '../support/browser.ts'
import { linkAccount, startPlatforms } from '../support/platforms.ts'
import { type Account, type Answer, basic, exchange, type Service, send, startService } from '../support/service.ts'

describe('a session', () => {
  let service: Service
  let carol: Account
  let browser: Browser

  beforeAll(async () => {
    service = await startService('SQLite', await ownAddress())
    carol = await service.addAccount('carol')
    browser = openBrowser(service)
    await browser.signIn(carol)
  })
  afterAll(() => service.close())

  async function signedInBefore(minutes: number): Promise<void> {
    const createdAt = new Date(Date.now() - minutes * 60_000).toISOString()
    await service.services.database.updateTable('sessions').set({ createdAt, confirmedAt: null }).execute()
  }

  const token = async () => (await carol.call('GET', '/v1/tokens')).json.tokens[0].id
  const asked: [string, () => Promise<Answer>][] = [
    ['making a token', () => browser.call('POST', '/v1/tokens', { token: { name: 'n' } })],
    ['renewing one', async () => browser.call('PUT', `/v1/tokens/${await token()}/renew`)],
    ['another e-mail address', () => browser.call('PUT', '/v1/users/account', { user: { email: 'carol@new.test' } })],
    ['another user name', () => browser.call('PATCH', '/v1/account/profile', { user: { username: 'caroline' } })],
  ]

  it.each(asked)(
    'asks for the password again for %s, unless it was given in the last five minutes',
    async (_what, call) => {
      await signedInBefore(6)
      const rejected = await call()
      expect([rejected.status, rejected.json]).toEqual([
        403,
        { error: 'Give your password again to do this.', code: 'password_required' },
      ])
      expect((await carol.call('GET', '/v1/users/self')).json.user).toMatchObject({
        email: carol.email,
        username: 'carol',
      })

      const wrong = await browser.call('POST', '/session/confirm', { password: { current: 'wrong' } })
      expect([wrong.status, wrong.json.errors]).toEqual([422, { current: ['is not your present password'] }])
      expect((await call()).status).toBe(403)
      const right = { password: { current: carol.password } }
      expect((await browser.call('POST', '/session/confirm', right)).status).toBe(204)
      expect([200, 201]).toContain((await call()).status)

      await signedInBefore(4)
      expect([200, 201]).toContain((await call()).status)
      const name = { user: { email: carol.email, username: 'carol' } }
      expect((await browser.call('PUT', '/v1/users/account', name)).status).toBe(200)
      // Who sends a bearer is who renewed it: another one now.
      const again = await send('POST', `${service.url}/v1/tokens`, { name: 'x' }, basic('carol', carol.password))
      const bearer = await exchange(service.url, again.json.token.token)
      carol.call = (method, path, body) =>
        send(method, `${service.url}${path}`, body, { authorization: `Bearer ${bearer}` })
    },
  )

  it('asks for nothing else again, and a bearer for nothing', async () => {
    await signedInBefore(50)
    const id = (await carol.call('POST', '/v1/tokens', { name: 'by bearer' })).json.token.id
    expect((await carol.call('PUT', `/v1/tokens/${id}/renew`)).status).toBe(200)
    expect((await carol.call('PUT', '/v1/users/account', { user: { email: carol.email } })).status).toBe(200)
    for (const [method, path, status] of [
      ['GET', '/v1/tokens', 200],
      ['DELETE', `/v1/tokens/${id}`, 204],
      ['GET', '/v1/keys', 200],
    ] as const) {
      expect([path, (await browser.call(method, path)).status]).toEqual([path, status])
    }
  })

  it('ends API tokens with a new password where that is wished, and keeps them otherwise', async () => {
    const dave = await service.addAccount('dave')
    const own = openBrowser(service)
    await own.signIn(dave)
    const change = (current: string, next: string, end_others?: boolean) =>
      own.call('PUT', '/session/password', { password: { current, new: next, end_others } })
    expect((await change(dave.password, 'second horse', false)).status).toBe(204)
    expect((await change('second horse', 'third horse')).status).toBe(204)
    expect((await dave.call('GET', '/v1/users/self')).status).toBe(200)
    expect((await change('third horse', 'fourth horse', true)).status).toBe(204)
    expect((await dave.call('GET', '/v1/users/self')).status).toBe(401)
    expect((await own.get('/session')).status).toBe(200)
    const { json } = await own.get('/v1/events')
    expect(json.events.slice(0, 2).map(({ type }: { type: string }) => type)).toEqual([
      'password_reset_success',
      'delete_token',
    ])
  })

  it('is one of fifty at most: the oldest ends', async () => {
    const erin = await service.addAccount('erin')
    const first = openBrowser(service)
    await first.signIn(erin)
    const { database } = service.services
    const time = (n: number) => new Date(Date.now() - 60_000 + n).toISOString()
    const rows = Array.from({ length: 50 }, (_, n) => ({
      idHash: `hash ${n}`,
      userId: erin.id,
      createdAt: time(n),
      usedAt: time(n),
    }))
    await database.insertInto('sessions').values(rows).execute()
    const last = openBrowser(service)
    await last.signIn(erin)
    const left = await database.selectFrom('sessions').select('idHash').where('userId', '=', erin.id).execute()
    const hashes = left.map(({ idHash }) => idHash)
    expect([hashes.length, hashes.includes('hash 0'), hashes.includes('hash 1')]).toEqual([50, false, false])
    expect((await last.get('/session')).status).toBe(200)
    expect((await first.get('/session')).status).toBe(200)
  })
})

describe('platform tokens that are shown', () => {
  it('leave one event a minute for each caller, which says how often', async () => {
    const platforms = await startPlatforms()
    const service = await startService('SQLite', platforms.settings)
    try {
      const alice = await service.addAccount('alice')
      const shown = async () => {
        const { json } = await alice.call('GET', '/v1/events?type=show_access_tokens')
        return json.events.map(({ via, type_data, api_token }: Record<string, { name: string }>) => [
          via,
          type_data,
          api_token?.name,
        ])
      }
      // An empty list shows none.
      await alice.call('GET', '/v1/scm_integrations')
      expect(await shown()).toEqual([])
      const id = await linkAccount(alice, platforms.sandbox.platforms['gitlab-self-hosted'])
      await alice.call('GET', `/v1/scm_integrations/${id}`)
      expect(await shown()).toEqual([['api_token', { count: 1 }, 'forgelink user add']])

      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      const made = await alice.call('POST', '/v1/tokens', { name: 'other', scopes: ['read', 'access_tokens'] })
      const other = { authorization: `Bearer ${await exchange(service.url, made.json.token.token)}` }
      for (let n = 0; n < 3; n++) await send('GET', `${service.url}/v1/scm_integrations`, undefined, other)
      for (let n = 0; n < 4; n++) await alice.call('GET', '/v1/scm_integrations')
      expect(await shown()).toEqual([
        ['api_token', { count: 1 }, 'other'],
        ['api_token', { count: 1 }, 'forgelink user add'],
      ])
      vi.advanceTimersByTime(60_000)
      vi.useRealTimers()
      await vi.waitFor(async () => expect((await shown())[0]).toEqual(['api_token', { count: 3 }, 'other']))
    } finally {
      vi.useRealTimers()
      await service.close()
      await platforms.sandbox.close()
    }
  })
})
