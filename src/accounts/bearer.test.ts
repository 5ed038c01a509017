// Bearer tokens: what is one of ours, and until when.

import { SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createVault, type Vault } from '../secrets/vault.ts'
import { type Bearer, createBearer } from './bearer.ts'

const ISSUER = 'https://forgelink.example.test'
const OLD = { id: 'old', key: Buffer.alloc(32, 1) }
const NEW = { id: 'new', key: Buffer.alloc(32, 2) }
const ISSUED = '2026-11-22T08:00:00.000Z'
const BEGAN = Date.parse('2026-11-22T09:00:00.000Z')
const API_TOKEN = {
  id: '5e0c36b2-3b5f-4f8e-9a55-6a1f0f6c2a11',
  userId: 'us-1',
  name: 'ci',
  tokenHash: 'x',
  createdAt: ISSUED,
  issuedAt: ISSUED,
  lastUsedAt: null,
  scopes: 'read write',
  expiresAt: null,
}
const CLAIMS = { by: 'api_token', tokenId: API_TOKEN.id, issuedAt: ISSUED }

let bearer: Bearer
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: BEGAN })
  bearer = createBearer(createVault([OLD]), ISSUER)
})
afterEach(() => {
  vi.useRealTimers()
})

function at(seconds: number): void {
  vi.setSystemTime(BEGAN + seconds * 1000)
}

describe('a token that we signed', () => {
  it('names its API token for an hour and the leeway of 30 seconds, whether or not it was seen before', async () => {
    const [seen, unseen] = [await bearer.sign(API_TOKEN), await bearer.sign(API_TOKEN)]
    expect(await bearer.verify(seen)).toEqual(CLAIMS)
    at(3600 + 29)
    expect(await bearer.verify(seen)).toEqual(CLAIMS)
    const other = createBearer(createVault([OLD]), ISSUER)
    expect(await other.verify(unseen)).toEqual(CLAIMS)
    at(3600 + 30)
    expect([await bearer.verify(seen), await bearer.verify(unseen), await other.verify(unseen)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  it('differs from another of the same API token in the same second', async () => {
    expect(await bearer.sign(API_TOKEN)).not.toBe(await bearer.sign(API_TOKEN))
  })

  it('stays valid when a newer key signs, and not when its key is gone', async () => {
    const jwt = await bearer.sign(API_TOKEN)
    const rotated = createBearer(createVault([NEW, OLD]), ISSUER)
    expect(await rotated.verify(jwt)).toEqual(CLAIMS)
    const [header = ''] = (await rotated.sign(API_TOKEN)).split('.')
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'HS256', typ: 'JWT', kid: 'new' })
    expect(await createBearer(createVault([NEW]), ISSUER).verify(jwt)).toBeUndefined()
  })

  it('is not made without a key', async () => {
    const empty: Vault = { ...createVault([OLD]), derive: () => [] }
    await expect(createBearer(empty, ISSUER).sign(API_TOKEN)).rejects.toThrow('no key to sign with')
  })
})

describe('a token that another signed with our key', () => {
  const seconds = BEGAN / 1000
  const good = {
    iss: ISSUER,
    aud: 'forgelink',
    sub: 'us-1',
    jti: '1',
    iat: seconds,
    exp: seconds + 3600,
    tid: API_TOKEN.id,
    tia: ISSUED,
  }

  function sign(claims: object, alg = 'HS256'): Promise<string> {
    const [key] = createVault([OLD]).derive('jwt')
    if (!key) throw new Error('no key')
    return new SignJWT({ ...claims }).setProtectedHeader({ alg, kid: 'old' }).sign(key.key)
  }

  it('is taken with all our claims', async () => {
    expect(await bearer.verify(await sign(good))).toEqual(CLAIMS)
  })

  it.each(['iss', 'aud', 'sub', 'jti', 'iat', 'exp', 'tid', 'tia'])('is not taken without %s', async (claim) => {
    expect(await bearer.verify(await sign({ ...good, [claim]: undefined }))).toBeUndefined()
  })

  it.each([
    ['another issuer', { iss: 'https://evil.example.test' }],
    ['another audience', { aud: 'other' }],
    ['a number for its API token', { tid: 1 }],
    ['a number for when that was issued', { tia: 1 }],
    ['an end at zero', { exp: 0 }],
  ])('is not taken with %s', async (_case, claims) => {
    expect(await bearer.verify(await sign({ ...good, ...claims }))).toBeUndefined()
  })

  it('is not taken by another algorithm', async () => {
    expect(await bearer.verify(await sign(good, 'HS512'))).toBeUndefined()
  })

  it('is not taken with over 4,096 characters', async () => {
    const ofLength = async (length: number) => {
      const bare = await sign({ ...good, pad: '' })
      // Three bytes are four characters.
      return sign({ ...good, pad: 'x'.repeat(Math.ceil(((length - bare.length) * 3) / 4)) })
    }
    const jwts = await Promise.all([4096, 4100].map(ofLength))
    expect(jwts.map(({ length }) => length)).toEqual([4096, 4100])
    expect(await Promise.all(jwts.map((jwt) => bearer.verify(jwt)))).toEqual([CLAIMS, undefined])
  })
})
