// Sealed secrets: what opens, what does not, and which key did it.

import { createCipheriv, hkdfSync } from 'node:crypto'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Sealed } from '../sealed.ts'
import type { SecretContext, Vault } from './vault.ts'
import { createVault, isKeyId, OLD_FORM_START, sealedWith, startOfSealed } from './vault.ts'

const K1 = { id: 'k1', key: Buffer.alloc(32, 1) }
const K2 = { id: 'k2', key: Buffer.alloc(32, 2) }
const K3 = { id: 'k3', key: Buffer.alloc(32, 3) }
const CONTEXT = {
  table: 'scm_integrations',
  column: 'access_token',
  row: '7f',
  owner: 'us-1',
  sentTo: ['https://git.example.com', 'https://git.example.com/api/v3'],
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The bytes behind `v2.<key id>.`: 12 of nonce, the secret, 16 of tag. */
function bytesOf(sealed: string): Buffer {
  return Buffer.from(sealed.split('.')[2] ?? '', 'base64url')
}

/** Text in a sealed column that the vault has not written as it is. */
function forged(text: string): Sealed {
  return text as Sealed
}

function withBytes(sealed: string, bytes: Buffer): Sealed {
  return forged([...sealed.split('.').slice(0, 2), bytes.toString('base64url')].join('.'))
}

describe('vault', () => {
  let vault: Vault
  beforeAll(() => {
    vault = createVault([K1])
  })

  function opens(sealed: string): boolean {
    try {
      vault.open(forged(sealed), CONTEXT)
      return true
    } catch {
      return false
    }
  }

  it.each([
    ['a token', 'ghp_16C7e42F292c6912E7710c838347Ae178B4a'],
    ['nothing', ''],
    ['unicode', 'Grüße, 世界 🔑 \u0000\u2028'],
    ['4 kB', 'x'.repeat(4096)],
    ['4 kB of four-byte characters', '🔑'.repeat(1024)],
  ])('opens what it sealed: %s', (_case, secret) => {
    const sealed = vault.seal(secret, CONTEXT)
    expect(vault.open(sealed, CONTEXT)).toBe(secret)
    expect(sealed).toMatch(/^v2\.k1\.[A-Za-z0-9_-]+$/)
    expect(bytesOf(sealed)).toHaveLength(12 + Buffer.byteLength(secret) + 16)
    if (secret) expect(bytesOf(sealed).includes(secret)).toBe(false)
  })

  it('opens any text at the place where it was sealed, and nowhere else', () => {
    const word = fc.string({ unit: 'binary' })
    const context = fc.record({
      table: word,
      column: word,
      row: word,
      owner: fc.option(word),
      sentTo: fc.array(word, { maxLength: 3 }),
    })
    fc.assert(
      fc.property(word, context, context, (secret, here, there) => {
        const sealed = vault.seal(secret, here)
        expect(vault.open(sealed, here)).toBe(secret)
        fc.pre(JSON.stringify(Object.entries(here)) !== JSON.stringify(Object.entries(there)))
        expect(() => vault.open(sealed, there)).toThrow()
      }),
    )
  })

  it('never seals the same secret to the same text: nonce, content and tag differ', () => {
    const [one, other] = [bytesOf(vault.seal('secret', CONTEXT)), bytesOf(vault.seal('secret', CONTEXT))]
    for (const [from, to] of [
      [0, 12],
      [12, 18],
      [18, 34],
    ] as const) {
      expect(one.subarray(from, to).equals(other.subarray(from, to))).toBe(false)
    }
  })

  it.each<[string, SecretContext]>([
    ['another row', { ...CONTEXT, row: '80' }],
    ['another column', { ...CONTEXT, column: 'refresh_token' }],
    ['another table', { ...CONTEXT, table: 'users' }],
    ['no row', { ...CONTEXT, row: '' }],
    ['names that only read the same when joined', { ...CONTEXT, column: 'access_token7', row: 'f' }],
    ['the row of another owner', { ...CONTEXT, owner: 'us-2' }],
    ['the row of nobody', { ...CONTEXT, owner: null }],
    ['a row with another web address', { ...CONTEXT, sentTo: ['https://evil.example', CONTEXT.sentTo[1] ?? ''] }],
    [
      'a row with another API address',
      { ...CONTEXT, sentTo: [CONTEXT.sentTo[0] ?? '', 'https://evil.example/api/v3'] },
    ],
    ['a row with the addresses changed about', { ...CONTEXT, sentTo: CONTEXT.sentTo.toReversed() }],
    ['a row without an address', { ...CONTEXT, sentTo: [] }],
    ['quotes that close a name', { ...CONTEXT, column: 'access_token","7f', row: '' }],
  ])('does not open at %s', (_case, context) => {
    const sealed = vault.seal('secret', CONTEXT)
    expect(() => vault.open(sealed, context)).toThrow()
  })

  it('does not open with any one bit changed', () => {
    const sealed = vault.seal('secret', CONTEXT)
    const bytes = bytesOf(sealed)
    const flipped = Array.from({ length: bytes.length * 8 }, (_, bit) => {
      const tampered = Buffer.from(bytes)
      tampered[bit >> 3] = (tampered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      return withBytes(sealed, tampered)
    })
    expect([sealed, ...flipped].filter(opens)).toEqual([sealed])
  })

  it('does not open with any one character changed, added or taken away', () => {
    // 30 and 31 bytes: without and with unused bits in the last character.
    for (const secret of ['12', '123']) {
      const sealed = vault.seal(secret, CONTEXT)
      const changed = Array.from({ length: sealed.length + 1 }, (_, position) => {
        const [before, character = '', after] = [
          sealed.slice(0, position),
          sealed[position],
          sealed.slice(position + 1),
        ]
        const others = [...ALPHABET, ...'.=+/ \n'].filter((other) => other !== character)
        return [
          ...(character ? ['', ...others] : []).map((other) => before + other + after),
          ...others.map((other) => before + other + character + after),
        ]
      })
      expect([sealed, ...changed.flat()].filter(opens)).toEqual([sealed])
    }
  })

  it('does not open when cut short, at any length', () => {
    const sealed = vault.seal('secret', CONTEXT)
    const bytes = bytesOf(sealed)
    const cut = Array.from({ length: bytes.length }, (_, length) => [
      bytes.subarray(0, length),
      bytes.subarray(length + 1),
    ])
    expect([bytes, ...cut.flat()].map((part) => withBytes(sealed, part)).filter(opens)).toEqual([sealed])
  })

  /** As the vault seals, worked out apart from it. `bind`: what follows the form and the key's id. */
  function sealApart(form: 'v1' | 'v2', { tagBytes = 16, bind = [] as unknown[] } = {}): Sealed {
    const [salt, nonce] = [form === 'v1' ? Buffer.alloc(16, 5) : Buffer.alloc(0), Buffer.alloc(12, 6)]
    const purpose = form === 'v1' ? 'forgelink:seal' : 'forgelink:seal v2'
    const key = new Uint8Array(hkdfSync('sha256', K1.key, salt, purpose, 32))
    const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
    const context = [CONTEXT.table, CONTEXT.column, CONTEXT.row]
    cipher.setAAD(Buffer.from(JSON.stringify([form, 'k1', ...context, ...bind])))
    const body = [salt, nonce, cipher.update('a secret of 20 bytes'), cipher.final(), cipher.getAuthTag()]
    return forged(`${form}.k1.${Buffer.concat(body).toString('base64url')}`)
  }

  it.each(['v1', 'v2'] as const)(
    'does not open with a tag of four bytes, which Node would take by default: %s',
    (form) => {
      const bind = form === 'v1' ? [] : [CONTEXT.owner, CONTEXT.sentTo]
      expect(vault.open(sealApart(form, { bind }), CONTEXT)).toBe('a secret of 20 bytes')
      for (const tagBytes of [4, 8, 12, 13, 14, 15]) {
        expect(() => vault.open(sealApart(form, { tagBytes, bind }), CONTEXT)).toThrow()
      }
    },
  )

  it('opens what was sealed in the form before, at its row only, and passes neither form off as the other', () => {
    const old = sealApart('v1')
    expect(vault.open(old, CONTEXT)).toBe('a secret of 20 bytes')
    expect(() => vault.open(old, { ...CONTEXT, row: '80' })).toThrow()
    expect(() => vault.open(forged(old.replace(/^v1/, 'v2')), CONTEXT)).toThrow()
    expect(() => vault.open(forged(vault.seal('secret', CONTEXT).replace(/^v2/, 'v1')), CONTEXT)).toThrow()
    expect([sealedWith(old), old.startsWith(OLD_FORM_START)]).toEqual(['k1', true])
  })

  // One byte less than nonce and tag of an empty secret, and than salt, nonce and tag.
  const tooShort = `v2.k1.${Buffer.alloc(12 + 16 - 1).toString('base64url')}`
  const tooShortOld = `v1.k1.${Buffer.alloc(16 + 12 + 16 - 1).toString('base64url')}`

  it.each([
    '',
    '.',
    '..',
    'v1',
    'v1.k1',
    'v1.k1.',
    'v1..',
    'secret',
    'v3.k1.AAAA',
    'ghp_secret',
    tooShort,
    tooShortOld,
  ])('does not open %j, and does not repeat it', (text) => {
    expect(() => vault.open(forged(text), CONTEXT)).toThrow(/^not a sealed secret$/)
  })

  it('names the key that is missing, and does not open with another one of the same id', () => {
    const sealed = vault.seal('secret', CONTEXT)
    expect(() => createVault([K2]).open(sealed, CONTEXT)).toThrow('no secret key "k1"')
    expect(() => createVault([{ id: 'k1', key: K2.key }]).open(sealed, CONTEXT)).toThrow()
    expect(() => createVault([{ id: 'k1', key: K2.key }, K2]).open(sealed, CONTEXT)).toThrow()
    expect(() => createVault([K1, K2]).open(forged(sealed.replace('.k1.', '.k2.')), CONTEXT)).toThrow()
    // The same key under another id is another key: the id is bound as well.
    const renamed = createVault([{ id: 'k9', key: K1.key }])
    expect(() => renamed.open(forged(sealed.replace('.k1.', '.k9.')), CONTEXT)).toThrow()
  })

  it('seals with the newest of several keys, and opens with all', () => {
    const [oldest, older] = [createVault([K1]), createVault([K2, K1])]
    const newest = createVault([K3, K2, K1])
    expect([newest.newestKeyId, newest.keyIds]).toEqual(['k3', ['k3', 'k2', 'k1']])
    for (const [sealer, id] of [
      [oldest, 'k1'],
      [older, 'k2'],
      [newest, 'k3'],
    ] as const) {
      const sealed = sealer.seal('secret', CONTEXT)
      expect(sealedWith(sealed)).toBe(id)
      expect(newest.open(sealed, CONTEXT)).toBe('secret')
    }
    expect(() => older.open(newest.seal('secret', CONTEXT), CONTEXT)).toThrow('no secret key "k3"')
  })

  it('cannot be made without a key', () => {
    expect(() => createVault([])).toThrow('a vault needs a key')
  })

  it('derives keys of 32 bytes that differ by purpose and by key, and are the same each time', () => {
    const jwt = createVault([K2, K1]).derive('jwt')
    expect(jwt.map(({ id }) => id)).toEqual(['k2', 'k1'])
    // RFC 5869 with SHA-256, no salt and info "forgelink:jwt", worked out apart from the vault.
    expect(jwt.map(({ key }) => Buffer.from(key).toString('hex'))).toEqual([
      'e2b145c51d5fca5bfc5541cf720138d99638c8889b8732a1e842157a2f47a009',
      '34420ddf0bc153b1eba7aeda57f956e5d7f283903a26a0b0f8fb4d359bf6cbaa',
    ])
    const keys = ['jwt', 'csrf', 'seal', 'jwt '].flatMap((purpose) => createVault([K1, K2, K3]).derive(purpose))
    const texts = keys.map(({ key }) => Buffer.from(key).toString('hex'))
    expect(new Set(texts).size).toBe(12)
    for (const { key } of [K1, K2, K3]) expect(texts).not.toContain(key.toString('hex'))
    expect(createVault([K1]).derive('jwt')).toEqual(createVault([K2, K1]).derive('jwt').slice(1))
  })
})

describe('the id of a key', () => {
  it.each(['k', 'k1', '2026-11_A', 'x'.repeat(32)])('may be %j', (id) => {
    expect(isKeyId(id)).toBe(true)
  })

  it.each(['', 'x'.repeat(33), 'a.b', 'a b', '.k1', 'k1.', 'k1\n', 'k:1', 'é'])('may not be %j', (id) => {
    expect(isKeyId(id)).toBe(false)
  })

  it('stands at the start of what the key sealed, and is told apart from one that begins alike', () => {
    const sealed = createVault([{ ...K1, id: 'k12' }]).seal('secret', CONTEXT)
    expect([startOfSealed('k1'), startOfSealed('k12')]).toEqual(['v2.k1.', 'v2.k12.'])
    expect([sealed.startsWith('v2.k12.'), sealed.startsWith('v2.k1.')]).toEqual([true, false])
  })

  it('is empty for text without a dot, which nothing sealed', () => {
    expect(sealedWith(forged('ghp_16C7e42F292c6912E7710c838347Ae178B4a'))).toBe('')
  })
})
