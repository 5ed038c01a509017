// The file of secret keys beside the SQLite file, used when `SECRET_KEYS` is not set. Forgelink creates the first key.

import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSecretKeys } from '../config/secret-keys.ts'
import type { SecretKey } from '../config.ts'
import { ConfigError } from '../config.ts'

export function secretKeyFile(dataDir: string): string {
  return join(dataDir, 'secret-keys')
}

/** Creates the file (0600) when there is no database yet; a database without its key stops the start. */
export function loadSecretKeys(dataDir: string): SecretKey[] {
  const file = secretKeyFile(dataDir)
  // Checked before the file: another process that starts now creates its key before its database.
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

/** One key per line, or written like the setting; newest first. Throws a `ConfigError`. */
export function readSecretKeys(file: string): SecretKey[] {
  try {
    return parseSecretKeys(readFileSync(file, 'utf8').trim().replaceAll('\n', ','))
  } catch (error) {
    throw new ConfigError([`${file} ${error instanceof Error ? error.message : 'cannot be read'}`])
  }
}

/** Written under another name and then linked: of two processes one succeeds, and nobody reads half a file. */
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
