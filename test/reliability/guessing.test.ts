// Who guesses passwords is slowed down, and nobody else is.

import { lookup } from 'node:dns/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { type Answer, basic, type Service, send, startService } from '../support/service.ts'

let service: Service
afterEach(() => service.close())

describe('guessing passwords', () => {
  const wrong = (login: string, n: number) =>
    send('POST', `${service.url}/v1/tokens`, { name: 'x' }, basic(login, `wrong ${n}`))

  it('leaves threads to look up names with, and is refused at once where too many wait', async () => {
    service = await startService('SQLite')
    const alice = await service.addAccount('alice')
    const guesses = Array.from({ length: 120 }, (_, n) => wrong(`nobody${n}`, n))
    const refused: Answer[] = []
    for (const guess of guesses) guess.then((each) => each.status === 503 && refused.push(each))
    while (refused.length === 0) await delay(1)
    // With all threads hashing, this would wait for the guesses before it.
    const began = Date.now()
    await lookup('localhost')
    const looked = Date.now() - began
    await Promise.all(guesses)
    expect(looked).toBeLessThan((Date.now() - began) / 4)
    expect(refused[0]?.json.code).toBe('overloaded')
    expect(refused[0]?.headers.get('retry-after')).toBe('2')
    expect((await alice.call('GET', '/v1/users/self')).status).toBe(200)
  })

  it('of many names from one address keeps nobody else from signing in', async () => {
    service = await startService('SQLite', { TRUST_PROXY: '127.0.0.1/32' })
    await service.addAccount('alice')
    const guess = (login: string, password: string, address: string) => {
      const headers = { ...basic(login, password), 'x-forwarded-for': address }
      return send('POST', `${service.url}/v1/tokens`, { name: 'x' }, headers)
    }
    const guesses = Array.from({ length: 120 }, (_, n) => guess(`nobody${n}`, 'wrong', '192.0.2.1'))
    await Promise.race(guesses)
    for (let n = 2; n < 6; n++) expect((await guess('alice', 'correct horse', `192.0.2.${n}`)).status).toBe(201)
    const statuses = new Set((await Promise.all(guesses)).map(({ status }) => status))
    expect([...statuses].sort()).toEqual([401, 429, 503])
  })

  it('of one account from one address goes on one by one and a second apart; a right one is still taken', async () => {
    service = await startService('SQLite', { TRUST_PROXY: '127.0.0.1/32' })
    await service.addAccount('alice')
    const from = (address: string) => ({ 'x-forwarded-for': address })
    const guess = (login: string, password: string, address: string) =>
      send('POST', `${service.url}/v1/tokens`, { name: 'x' }, { ...basic(login, password), ...from(address) })
    const names = ['alice', 'alice@example.test', 'ALICE@example.test']
    for (let n = 0; n < 10; n++) expect((await guess(names[n % 3] ?? '', 'wrong', '192.0.2.1')).status).toBe(401)

    const began = Date.now()
    const burst = await Promise.all(Array.from({ length: 20 }, () => guess('alice', 'wrong', '192.0.2.1')))
    expect(burst.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 429))
    expect(Date.now() - began).toBeGreaterThanOrEqual(1_000)
    // Others' failures do not slow an address that had none, nor another account at the same address.
    expect((await guess('alice', 'correct horse', '192.0.2.2')).status).toBe(201)
    expect((await guess('alice', 'wrong', '192.0.2.2')).status).toBe(429)
    expect((await guess('alice', 'correct horse', '192.0.2.1')).status).toBe(201)
  })

  it('of a name that nobody has counts for it as for an account, however it is written', async () => {
    service = await startService('SQLite', { TRUST_PROXY: '127.0.0.1/32' })
    const statuses: number[] = []
    for (let n = 0; n < 11; n++) {
      const headers = { ...basic(n % 2 ? 'nobody' : 'NOBODY', 'wrong'), 'x-forwarded-for': `192.0.2.${n}` }
      statuses.push((await send('POST', `${service.url}/v1/tokens`, { name: 'x' }, headers)).status)
    }
    expect(statuses).toEqual([...new Array(10).fill(401), 429])
  })
})
