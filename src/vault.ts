// Seals and opens secrets: AES-256-GCM under a key derived for each record, bound to the place where it is stored.

import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { SecretKey } from './config.ts'

/** Where a secret is stored; a ciphertext moved to another place does not open. */
export interface SecretPlace {
  table: string
  column: string
  row: string
}

export interface Vault {
  /** The id of the key that seals: the newest. */
  newestKeyId: string
  /** Newest first. */
  keyIds: string[]
  /** Text that holds the key's id and the sealed secret. */
  seal(secret: string, place: SecretPlace): string
  /** Throws when the text was sealed elsewhere, with an absent key, or changed since. */
  open(sealed: string, place: SecretPlace): string
  /** A key of its own for one purpose (such as signing JWTs), derived from each of the keys, newest first. */
  derive(purpose: string): { id: string; key: Uint8Array }[]
}

const VERSION = 'v1'
const SALT_BYTES = 16
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** `keys`: 32 bytes each, newest first; the newest seals, all open. */
export function createVault(keys: SecretKey[]): Vault {
  const [newest] = keys
  if (!newest) throw new Error('a vault needs a key')

  function keyFor(id: string): Buffer {
    const found = keys.find((key) => key.id === id)
    if (!found) throw new Error(`no secret key "${id}"`)
    return found.key
  }

  return {
    newestKeyId: newest.id,
    keyIds: keys.map((key) => key.id),
    seal(secret, place) {
      const salt = randomBytes(SALT_BYTES)
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', derive(newest.key, salt, 'seal'), nonce, {
        authTagLength: TAG_BYTES,
      })
      cipher.setAAD(additionalData(newest.id, place))
      const body = Buffer.concat([salt, nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return join(newest.id, body)
    },
    open(sealed, place) {
      const [, id = '', text = ''] = sealed.split('.')
      const body = Buffer.from(text, 'base64url')
      // Node's decoder skips what is not base64url: only the one text that seal() wrote is taken.
      const isWhole = body.length >= SALT_BYTES + NONCE_BYTES + TAG_BYTES && sealed === join(id, body)
      if (!isWhole) throw new Error('not a sealed secret')
      const salt = body.subarray(0, SALT_BYTES)
      const nonce = body.subarray(SALT_BYTES, SALT_BYTES + NONCE_BYTES)
      // authTagLength: without it Node takes tags of 4 bytes, which can be guessed.
      const decipher = createDecipheriv('aes-256-gcm', derive(keyFor(id), salt, 'seal'), nonce, {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(additionalData(id, place))
      decipher.setAuthTag(body.subarray(-TAG_BYTES))
      return (
        decipher.update(body.subarray(SALT_BYTES + NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
      )
    },
    derive: (purpose) => keys.map(({ id, key }) => ({ id, key: derive(key, Buffer.alloc(0), purpose) })),
  }
}

function join(id: string, body: Buffer): string {
  return `${VERSION}.${id}.${body.toString('base64url')}`
}

/** The id of the key that sealed this; whatever stands in its place when nothing sealed it. */
export function sealedWith(sealed: string): string {
  return sealed.split('.')[1] ?? ''
}

export function isKeyId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,32}$/.test(text)
}

/** How everything begins that this key has sealed, and nothing else. */
export function startOfSealed(keyId: string): string {
  return `${VERSION}.${keyId}.`
}

/** HKDF-SHA-256 (RFC 5869). */
function derive(key: Buffer, salt: Buffer, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', key, salt, `forgelink:${purpose}`, 32))
}

function additionalData(keyId: string, place: SecretPlace): Buffer {
  return Buffer.from(JSON.stringify([VERSION, keyId, place.table, place.column, place.row]))
}
