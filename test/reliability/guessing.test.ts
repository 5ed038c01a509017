// Guessing: who guesses passwords is slowed down, and nobody else is. reliability.md section 6.

import { lookup } from 'node:dns/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBrowser, ownAddress } from '../support/browser.ts'
import { type Account, type Answer, basic, exchange, type Service, send, startService } from '../support/service.ts'

let service: Service
let alice: Account
beforeEach(async () => {
  service = await startService('SQLite', { TRUST_PROXY: '127.0.0.1/32', ...(await ownAddress()) })
  alice = await service.addAccount('alice')
})
afterEach(() => service.close())

const from = (address: string) => ({ 'x-forwarded-for': address })

function guess(login: string, password: string, address: string): Promise<Answer> {
  return send('POST', `${service.url}/v1/tokens`, { name: 'x' }, { ...basic(login, password), ...from(address) })
}

/** Ten wrong ones one after the other, so that an address and a name had too many. */
async function failTen(login: string, address: (n: number) => string): Promise<void> {
  for (let n = 0; n < 10; n++) expect((await guess(login, 'wrong', address(n))).status).toBe(401)
}

async function events(): Promise<string[]> {
  await service.services.failureTrail.flush()
  const rows = await service.services.database.selectFrom('events').select('type').orderBy('id').execute()
  return rows.map(({ type }) => type)
}

async function timed<T>(work: () => Promise<T>): Promise<[result: T, ms: number]> {
  const began = performance.now()
  return [await work(), performance.now() - began]
}

describe('guessing passwords', () => {
  it('leaves threads to look up names with, and is refused at once where too many wait', async () => {
    const guesses = Array.from({ length: 120 }, (_, n) => guess(`nobody${n}`, 'wrong', `192.0.2.${n}`))
    const rejected: Answer[] = []
    for (const one of guesses) one.then((each) => each.status === 503 && rejected.push(each))
    while (rejected.length === 0) await delay(1)
    // With all threads hashing, this would wait for the guesses before it.
    const began = Date.now()
    await lookup('localhost')
    const looked = Date.now() - began
    await Promise.all(guesses)
    expect(looked).toBeLessThan((Date.now() - began) / 4)
    expect(rejected[0]?.json.code).toBe('overloaded')
    expect(rejected[0]?.headers.get('retry-after')).toBe('2')
    expect((await alice.call('GET', '/v1/users/self')).status).toBe(200)
  })

  it('from five addresses at once keeps nobody else from signing in', async () => {
    const attack = Array.from({ length: 200 }, (_, n) => guess(`nobody${n}`, 'wrong', `192.0.2.${n % 5}`))
    await Promise.race(attack)
    for (let n = 0; n < 4; n++) expect((await guess('alice', 'correct horse', `198.51.100.${n}`)).status).toBe(201)
    const statuses = new Set((await Promise.all(attack)).map(({ status }) => status))
    expect([...statuses].sort()).toEqual([401, 429])
  })

  it.each([
    ['one address', (_n: number) => '192.0.2.1'],
    ['one /64', (n: number) => `2001:db8:1:2:${n.toString(16)}::1`],
  ])(
    'of many names from %s is checked once a second after ten, and the rest is refused unchecked',
    async (_where, of) => {
      for (let n = 0; n < 10; n++) expect((await guess(`nobody${n}`, 'wrong', of(n))).status).toBe(401)
      let ended = 0
      const answers = Array.from({ length: 24 }, async (_, n) => {
        const { status } = await guess(`other${n}`, 'wrong', of(n))
        ended += 1
        return status
      })
      // Eight are refused unchecked; of those that wait no more than four are checked in three seconds.
      await delay(3_500)
      expect([ended >= 8, ended <= 8 + 4]).toEqual([true, true])
      // Another network does not wait for them.
      expect((await guess('alice', 'correct horse', '2001:db8:1:3::1')).status).toBe(201)
      expect(ended).toBeLessThan(24)
      expect(new Set(await Promise.all(answers))).toEqual(new Set([429]))
    },
    40_000,
  )

  it('of one account by many addresses is slow for strangers, and the owner’s address and browser have lanes of their own', async () => {
    const browser = openBrowser(service)
    expect((await browser.signIn(alice)).status).toBe(303)
    expect((await guess('alice', 'correct horse', '203.0.113.1')).status).toBe(201)
    await failTen('alice', (n) => `192.0.2.${n}`)
    const attack = Array.from({ length: 20 }, (_, n) => guess('alice', 'wrong', `198.51.100.${n}`))
    await Promise.race(attack) // the first that is refused: 16 wait
    expect((await guess('alice', 'correct horse', '203.0.113.2')).status).toBe(429)

    for (let n = 0; n < 3; n++) {
      const [known, ms] = await timed(() => guess('alice', 'correct horse', '203.0.113.1'))
      expect([known.status, ms < 900]).toEqual([201, true])
    }
    // The browser at an address that it never was at, and with the name that nobody guessed.
    const page = await browser.get('/sign-in')
    expect(page.status).toBe(303)
    const { json } = await browser.get('/session')
    await browser.post('/sign-out', { csrf: json.session.csrf_token })
    const [again, ms] = await timed(async () =>
      browser.submit(await browser.get('/sign-in'), { login: 'alice', password: alice.password }, from('203.0.113.77')),
    )
    expect([again.status, ms < 1_500]).toEqual([303, true])
    await Promise.all(attack)
  }, 40_000)

  it('by a device that is known ends its lane after ten failures, and so does a new password', async () => {
    const browser = openBrowser(service)
    await browser.signIn(alice)
    const stolen = [...browser.cookies].find(([name]) => name.endsWith('-device'))
    if (!stolen) throw new Error('no device cookie')
    const devices = () =>
      service.services.database
        .selectFrom('knownDevices')
        .select(['device', 'failures'])
        .where('device', 'like', 'browser %')
        .execute()
    const withCookie = (n: number, cookie = stolen.join('=')) =>
      send(
        'POST',
        `${service.url}/v1/tokens`,
        { name: 'x' },
        {
          ...basic('alice', `wrong ${n}`),
          ...from(`192.0.2.${n}`),
          cookie,
        },
      )
    for (let n = 0; n < 10; n++) expect((await withCookie(n)).status).toBe(401)
    expect(await devices()).toEqual([{ device: expect.any(String), failures: 10 }])
    // From here on it counts for the account's name as anybody's: ten more and that is slow.
    for (let n = 10; n < 20; n++) expect((await withCookie(n)).status).toBe(401)
    const [, ms] = await timed(() => withCookie(20))
    expect(ms).toBeGreaterThan(900)
    expect(await devices()).toEqual([{ device: expect.any(String), failures: 10 }])

    const change = { password: { current: alice.password, new: 'another horse', end_others: false } }
    expect((await browser.call('PUT', '/session/password', change, from('127.0.0.1'))).status).toBe(204)
    expect(await devices()).toEqual([{ device: expect.any(String), failures: 0 }])
    const before = (await devices())[0]?.device
    await withCookie(21)
    expect(await devices()).toEqual([{ device: before, failures: 0 }])
  }, 40_000)

  it.each([
    ['of another user', (cookie: string) => cookie.replace(/us-[0-9a-f-]+/, 'us-00000000-0000-4000-8000-000000000000')],
    [
      'with another nonce',
      (cookie: string) => cookie.replace(/\.(.)/, (_all, first) => `.${first === 'A' ? 'B' : 'A'}`),
    ],
    ['cut', (cookie: string) => cookie.slice(0, -1)],
    ['empty', () => ''],
  ])(
    'takes no device cookie that is %s for one',
    async (_case, forge) => {
      const browser = openBrowser(service)
      await browser.signIn(alice)
      const [name = '', value = ''] = [...browser.cookies].find(([each]) => each.endsWith('-device')) ?? []
      await service.services.database.deleteFrom('knownDevices').where('device', 'like', 'address %').execute()
      await failTen('alice', (n) => `192.0.2.${n}`)
      const ask = (cookie: string) =>
        timed(() =>
          send(
            'POST',
            `${service.url}/v1/tokens`,
            { name: 'x' },
            {
              ...basic('alice', 'correct horse'),
              ...from('198.51.100.9'),
              cookie: `${name}=${cookie}`,
            },
          ),
        )
      const [forged, slow] = await ask(forge(value))
      expect([forged.status, slow > 500]).toEqual([201, true])
      await service.services.database.deleteFrom('knownDevices').where('device', 'like', 'address %').execute()
      const [own, fast] = await ask(value)
      expect([own.status, fast < 900]).toEqual([201, true])
    },
    20_000,
  )

  it('does not tell by answer or time that an e-mail address and a user name are one account', async () => {
    // The failures of one name do not slow the other.
    await failTen('alice@example.test', (n) => `192.0.2.${n}`)
    for (const login of ['alice', 'nobody']) {
      const [answer, ms] = await timed(() => guess(login, 'wrong', `198.51.100.${login.length}`))
      expect([answer.status, answer.text, ms < 900]).toEqual([401, '{"error":"User name or password is wrong."}', true])
    }
    // And what is written for an account that there is does not show: a write takes longer than nothing.
    const { database } = service.services
    const times: Record<string, number[]> = { alice: [], nobody: [] }
    for (let n = 0; n < 8; n++) {
      for (const login of ['alice', 'nobody']) {
        const [, ms] = await timed(() => guess(login, 'wrong', `203.0.113.${n}`))
        times[login]?.push(ms)
      }
    }
    const fastest = Object.values(times).map((each) => Math.min(...each))
    expect(Math.min(...fastest)).toBeGreaterThanOrEqual(50)
    const failures = await database.selectFrom('events').select('userId').where('type', '=', 'login_failure').execute()
    expect(new Set(failures.map(({ userId }) => userId))).toEqual(new Set([alice.id]))
  }, 20_000)
})

describe('wrong API tokens', () => {
  it('are throttled by address, write nothing, and never keep a right one or a password waiting', async () => {
    const before = await events()
    const wrong = async (address: string) => {
      const headers = { ...basic('', 'tk-us-wrong'), ...from(address) }
      return (await send('POST', `${service.url}/v1/tokens/exchange`, undefined, headers)).status
    }
    const statuses: number[] = []
    for (let n = 0; n < 12; n++) statuses.push(await wrong(`2001:db8::${n}`))
    expect(statuses).toEqual([...new Array(10).fill(401), 429, 429])
    expect(await wrong('192.0.2.1')).toBe(401)
    expect(await exchange(service.url, alice.token)).toMatch(/^ey/)
    const [own, ms] = await timed(() => guess('alice', 'correct horse', '2001:db8::1'))
    expect([own.status, ms < 900]).toEqual([201, true])
    expect(await events()).toEqual([...before, 'new_token'])
  })
})
