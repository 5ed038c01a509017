// Secrets as Forgelink sealed them before the second form: by a key of their own, bound to table, column and row.

import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { SecretKey } from '../../src/config.ts'
import type { Sealed } from '../../src/sealed.ts'
import type { SecretContext } from '../../src/secrets/vault.ts'

export function sealInOldForm({ id, key }: SecretKey, secret: string, { table, column, row }: SecretContext): Sealed {
  const [salt, nonce] = [randomBytes(16), randomBytes(12)]
  const derived = new Uint8Array(hkdfSync('sha256', key, salt, 'forgelink:seal', 32))
  const cipher = createCipheriv('aes-256-gcm', derived, nonce, { authTagLength: 16 })
  cipher.setAAD(Buffer.from(JSON.stringify(['v1', id, table, column, row])))
  const body = [salt, nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]
  return `v1.${id}.${Buffer.concat(body).toString('base64url')}` as Sealed
}
