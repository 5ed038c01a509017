// Seals and opens secrets: AES-256-GCM with a key derived once per secret key, bound to the row where the secret is
// stored.

import type { KeyObject } from 'node:crypto'
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { SecretKey } from '../config.ts'
import type { Sealed } from '../sealed.ts'

/**
 * Where a secret is stored, who owns it and where it may be sent, all taken from its row. A ciphertext that was moved
 * to another row cannot be opened, nor can one whose row was given another owner or another host.
 */
export interface SecretContext {
  table: string
  column: string
  row: string
  /** null: no owner. */
  owner: string | null
  /** The row's addresses; empty when the row does not decide them. */
  sentTo: string[]
}

export interface Vault {
  /** The id of the key that seals: the newest one. */
  newestKeyId: string
  /** Newest first. */
  keyIds: string[]
  /** Text that contains the key's id and the sealed secret. */
  seal(secret: string, context: SecretContext): Sealed
  /** Throws when the text was sealed for another context or with an absent key, or has been changed. */
  open(sealed: Sealed, context: SecretContext): string
  /** A key for one purpose (such as signing JWTs), derived from each of the keys, newest first. */
  derive(purpose: string): { id: string; key: Uint8Array }[]
}

/** The form in which secrets are sealed now. */
const FORM = 'v2'
/** Can only be opened: each secret has a key of its own, derived with a salt, and is bound to table, column and row. */
const OLD_FORM = 'v1'
const OLD_SALT_BYTES = 16
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Opened secrets are kept for a moment, since the same links are used again and again. */
const KEPT = { max: 5_000, maxSize: 8 * 1024 * 1024, ttl: 60_000, ttlResolution: 1_000 }

/**
 * `keys`: 32 bytes each, newest first. All can open; the newest seals (at most 2^32 times, because nonces are random).
 */
export function createVault(keys: SecretKey[]): Vault {
  const [newest] = keys
  if (!newest) throw new Error('a vault needs a key')
  const sealing = new Map(keys.map(({ id, key }) => [id, createSecretKey(derive(key, '', `seal ${FORM}`))]))

  const opened = new LRUCache<string, { secret: string; context: SecretContext }>({
    ...KEPT,
    sizeCalculation: ({ secret }, sealed) => secret.length + sealed.length + 512,
  })

  function sealingKey(id: string): KeyObject {
    const found = sealing.get(id)
    if (!found) throw new Error(`no secret key "${id}"`)
    return found
  }

  function openOldForm(id: string, body: Buffer, context: SecretContext): string {
    const found = keys.find((key) => key.id === id)
    if (!found) throw new Error(`no secret key "${id}"`)
    const key = createSecretKey(derive(found.key, body.subarray(0, OLD_SALT_BYTES), 'seal'))
    const data = JSON.stringify([OLD_FORM, id, context.table, context.column, context.row])
    return decrypt(key, data, body.subarray(OLD_SALT_BYTES))
  }

  return {
    newestKeyId: newest.id,
    keyIds: keys.map((key) => key.id),
    seal: (secret, context) =>
      join(FORM, newest.id, encrypt(sealingKey(newest.id), additionalData(newest.id, context), secret)) as Sealed,
    open(sealed, context) {
      const known = opened.get(sealed)
      if (known && isSame(known.context, context)) return known.secret
      const secret = openAnew(sealed, context)
      opened.set(sealed, { secret, context })
      return secret
    },
    derive: (purpose) => keys.map(({ id, key }) => ({ id, key: derive(key, '', purpose) })),
  }

  function openAnew(sealed: Sealed, context: SecretContext): string {
    const [form = '', id = '', text = ''] = sealed.split('.')
    const body = Buffer.from(text, 'base64url')
    const shortest = NONCE_BYTES + TAG_BYTES + (form === OLD_FORM ? OLD_SALT_BYTES : 0)
    // Node's decoder ignores characters that are not base64url: only the exact text that seal() wrote is accepted.
    const isWhole = [FORM, OLD_FORM].includes(form) && body.length >= shortest && sealed === join(form, id, body)
    if (!isWhole) throw new Error('not a sealed secret')
    if (form === OLD_FORM) return openOldForm(id, body, context)
    return decrypt(sealingKey(id), additionalData(id, context), body)
  }
}

function isSame(one: SecretContext, other: SecretContext): boolean {
  return (
    one.row === other.row &&
    one.owner === other.owner &&
    one.column === other.column &&
    one.table === other.table &&
    one.sentTo.length === other.sentTo.length &&
    one.sentTo.every((address, index) => address === other.sentTo[index])
  )
}

/** Nonce, ciphertext and tag. */
function encrypt(key: KeyObject, additional: string, secret: string): Buffer {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
  cipher.setAAD(Buffer.from(additional))
  return Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

function decrypt(key: KeyObject, additional: string, body: Buffer): string {
  // authTagLength: without it Node accepts tags of 4 bytes, which can be guessed.
  const decipher = createDecipheriv('aes-256-gcm', key, body.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(additional))
  decipher.setAuthTag(body.subarray(-TAG_BYTES))
  return decipher.update(body.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
}

function additionalData(keyId: string, { table, column, row, owner, sentTo }: SecretContext): string {
  return JSON.stringify([FORM, keyId, table, column, row, owner, sentTo])
}

function join(form: string, id: string, body: Buffer): string {
  return `${form}.${id}.${body.toString('base64url')}`
}

/** The id of the key that sealed this; any text at its position when nothing sealed it. */
export function sealedWith(sealed: Sealed): string {
  return sealed.split('.')[1] ?? ''
}

export function isKeyId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,32}$/.test(text)
}

/** The beginning of everything that this key seals now, and of nothing else. */
export function startOfSealed(keyId: string): string {
  return `${FORM}.${keyId}.`
}

/** The key's id in such a beginning, in either form; empty when it is none. */
export function keyIdOfStart(start: string): string {
  return /^v\d\.([^.]*)\.$/.exec(start)?.[1] ?? ''
}

/** The beginning of everything in the old form, which can only be opened; the key's id and a dot follow. */
export const OLD_FORM_START = `${OLD_FORM}.`

/** HKDF-SHA-256 (RFC 5869). */
function derive(key: Buffer, salt: Buffer | string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, salt, `forgelink:${purpose}`, 32))
}
