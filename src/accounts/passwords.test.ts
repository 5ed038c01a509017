// Passwords: which may be one, how they are kept, and how many are looked at side by side.

import { describe, expect, it } from 'vitest'
import { Failure } from '../failure.ts'
import { createPasswords, passwordProblem, randomPassword } from './passwords.ts'

const passwords = createPasswords()

it.each([
  [7, 'must have at least 8 characters'],
  [8, undefined],
  [200, undefined],
  [201, 'must have at most 200 characters'],
])('a password of %i characters: %s', (length, problem) => {
  expect(passwordProblem('x'.repeat(length))).toBe(problem)
})

const ADDRESS = '192.0.2.1'

describe('a hash', () => {
  it('is argon2id with 19 MiB, 2 passes and 1 lane, and differs each time', async () => {
    const [one, other] = [await passwords.hash('correct horse'), await passwords.hash('correct horse')]
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(other).not.toBe(one)
  })

  it('fits its password and no other, be it cut or longer', async () => {
    const longest = 'x'.repeat(200)
    const hash = await passwords.hash(longest)
    const tried = [longest, longest.slice(1), `${longest}x`, `X${longest.slice(1)}`, '']
    expect(await Promise.all(tried.map((password) => passwords.matches(hash, password, ADDRESS)))).toEqual([
      true,
      ...[false, false, false, false],
    ])
  })

  it('that is not there fits nothing', async () => {
    expect(await passwords.matches(null, 'correct horse', ADDRESS)).toBe(false)
  })
})

it('works on two and keeps 64 waiting; the next is refused at once, and there is room again afterwards', async () => {
  const finished: number[] = []
  const all = Array.from({ length: 66 }, (_, n) => passwords.hash('correct horse').then(() => finished.push(n)))
  for (const more of [passwords.hash('correct horse'), passwords.matches(null, 'correct horse', ADDRESS)]) {
    const failure = await more.catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Failure)
    expect(failure).toMatchObject({
      code: 'overloaded',
      message: 'Too many passwords are being checked just now. Try again in a moment.',
      details: { retryAfter: 2 },
    })
  }
  expect(finished.length).toBeLessThan(64)
  await Promise.all(all)
  // In turn: those that waited least come last.
  expect(Math.max(...finished.slice(0, 10))).toBeLessThan(40)
  expect(await passwords.matches(await passwords.hash('correct horse'), 'correct horse', ADDRESS)).toBe(true)
})

it('keeps 16 of one address waiting, and takes those of others meanwhile', async () => {
  const guess = (address: string) => passwords.matches(null, 'wrong', address)
  const all = Array.from({ length: 18 }, () => guess('192.0.2.1'))
  expect(await guess('192.0.2.1').catch((error: unknown) => error)).toMatchObject({ code: 'overloaded' })
  expect(await guess('192.0.2.2')).toBe(false)
  expect(await Promise.all(all)).toEqual(new Array(18).fill(false))
})

it('five addresses do not fill the queue for others: who has most waiting gives way', async () => {
  const guess = (address: string) =>
    passwords.matches(null, 'wrong', address).catch((error: unknown) => (error as Failure).code)
  // Two are being checked, and sixteen of each of four and of one more would wait.
  const attack = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', '192.0.2.5'].flatMap((address) =>
    Array.from({ length: 17 }, () => guess(address)),
  )
  const others = ['198.51.100.1', '198.51.100.2', '198.51.100.3'].map(guess)
  let finished = 0
  for (const one of attack) one.then((code) => (finished += code === false ? 1 : 0))
  expect(await Promise.all(others)).toEqual([false, false, false])
  // They had their turn before most of what waited already.
  expect(finished).toBeLessThan(25)
  const attacked = await Promise.all(attack)
  expect(new Set(attacked)).toEqual(new Set([false, 'overloaded']))
})

it('a random password has 120 bits', () => {
  const made = [randomPassword(), randomPassword()]
  for (const password of made) expect(password).toMatch(/^[A-Za-z0-9_-]{20}$/)
  expect(new Set(made).size).toBe(2)
})
