// SSH keys as JSON.

import { Type } from 'typebox'
import { ownerJson } from '../accounts/schemas.ts'
import type { User } from '../accounts/users.ts'
import { Owner, Time, Uuid } from '../schemas.ts'
import type { Key } from './keys.ts'

export const KeySchema = Type.Object(
  {
    id: Uuid,
    name: Type.String(),
    content: Type.String(),
    fingerprint: Type.String({ description: 'MD5, hex pairs with colons.' }),
    created_at: Time,
    owner: Owner,
    fingerprint_sha256: Type.String({ description: 'As OpenSSH shows it.' }),
  },
  { title: 'Key' },
)

export function keyJson(key: Key, owner: User) {
  return {
    id: key.id,
    name: key.name,
    content: key.content,
    fingerprint: key.fingerprint,
    created_at: key.createdAt,
    owner: ownerJson(owner),
    fingerprint_sha256: key.fingerprintSha256,
  }
}
