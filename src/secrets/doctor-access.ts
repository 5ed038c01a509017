// How `forgelink doctor` proves to the running server that it has its keys, and how both compare settings without telling
// them to each other.

import { createHmac } from 'node:crypto'
import { decodeProtectedHeader, jwtVerify, SignJWT } from 'jose'
import type { Vault } from './vault.ts'

const AUDIENCE = 'forgelink doctor'
/** Doctor asks at once. */
const LIFETIME_SECONDS = 30

/** A key that only who has the same SECRET_KEYS can have. */
export type SharedKey = Uint8Array

/** What doctor sends, and the key by which it reads the answer. */
export async function signDoctor(vault: Vault): Promise<{ jwt: string; key: SharedKey }> {
  const [newest] = vault.derive('doctor')
  if (!newest) throw new Error('no key to sign with')
  const jwt = await new SignJWT()
    .setProtectedHeader({ alg: 'HS256', kid: newest.id })
    .setAudience(AUDIENCE)
    .setExpirationTime(`${LIFETIME_SECONDS}s`)
    .sign(newest.key)
  return { jwt, key: newest.key }
}

/** The key with which it is signed; undefined when it is no valid JWT of a doctor with one of our keys. */
export async function verifyDoctor(vault: Vault, jwt: string): Promise<SharedKey | undefined> {
  const keys = new Map(vault.derive('doctor').map(({ id, key }) => [id, key]))
  try {
    const key = keys.get(decodeProtectedHeader(jwt).kid ?? '')
    if (!key) return undefined
    await jwtVerify(jwt, key, { algorithms: ['HS256'], audience: AUDIENCE, requiredClaims: ['exp'] })
    return key
  } catch {
    return undefined
  }
}

/** A digest of each setting; without the key, nobody can try values until one fits. */
export function digestSettings(key: SharedKey, settings: object): Record<string, string> {
  const digest = (text: string) => createHmac('sha256', key).update(text).digest('base64url')
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, digest(JSON.stringify([name, value]))]),
  )
}
