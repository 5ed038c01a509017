// Parses secret keys, from SECRET_KEYS or from the file in DATA_DIR.

import { parseList } from './values.ts'

/** A key that seals stored secrets: 32 bytes, and an id that is part of each text it has sealed. */
export interface SecretKey {
  id: string
  key: Buffer
}

/** `id:base64,id:base64`, newest first. Throws the rest of a sentence, which never repeats the text. */
export function parseSecretKeys(text: string): SecretKey[] {
  const keys = parseList((entry) => {
    const [, id, base64] = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/.exec(entry) ?? []
    if (!id || !base64) {
      throw new Error('must list keys as id:base64 with 32 random bytes each; make one with: openssl rand -base64 32')
    }
    return { id, key: Buffer.from(base64, 'base64') }
  })(text)
  if (keys.length === 0) throw new Error('lists no key; make one with: echo "k1:$(openssl rand -base64 32)"')
  if (new Set(keys.map((key) => key.id)).size < keys.length) throw new Error('names a key id twice')
  return keys
}
