// The secret keys beside the SQLite file, the first of which Forgelink makes itself, when `SECRET_KEYS` gives none.

import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSecretKeys } from '../config/secret-keys.ts'
import type { SecretKey } from '../config.ts'
import { ConfigError } from '../config.ts'

export function secretKeyFile(dataDir: string): string {
  return join(dataDir, 'secret-keys')
}

/** Makes the file (0600) when there is no database yet; a database without its key is refused. */
export function loadSecretKeys(dataDir: string): SecretKey[] {
  const file = secretKeyFile(dataDir)
  // Looked for first: another process that starts now makes its key before its database.
  const hasDatabase = existsSync(join(dataDir, 'forgelink.db'))
  if (!existsSync(file)) {
    if (hasDatabase) {
      throw new ConfigError([
        `${file} is missing, but ${dataDir} holds a database sealed with it. Put the file back from your backup, or set SECRET_KEYS.`,
      ])
    }
    createFile(file)
  }
  return readSecretKeys(file)
}

/** One key a line or as in the setting, newest first. Throws a `ConfigError`. */
export function readSecretKeys(file: string): SecretKey[] {
  try {
    return parseSecretKeys(readFileSync(file, 'utf8').trim().replaceAll('\n', ','))
  } catch (error) {
    throw new ConfigError([`${file} ${error instanceof Error ? error.message : 'cannot be read'}`])
  }
}

/** Written aside and then linked, so that of two processes one wins and no one reads half a file. */
function createFile(file: string): void {
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, `k-${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64')}\n`, {
    mode: 0o600,
    flush: true,
  })
  try {
    linkSync(draft, file)
  } catch (error) {
    if (!existsSync(file)) throw error
  } finally {
    unlinkSync(draft)
  }
}
