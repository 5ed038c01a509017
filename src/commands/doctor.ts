// The command `forgelink doctor`: checks settings, store, keys and a platform's address, and says what to do. Changes
// nothing.

import { existsSync } from 'node:fs'
import type { Config } from '../config.ts'
import { ConfigError } from '../config.ts'
import type { Database } from '../database/database.ts'
import { databaseFile, openDatabase } from '../database/database.ts'
import { createTransport } from '../platforms/transport/transport.ts'
import type { Check } from './doctor/check.ts'
import { failed } from './doctor/check.ts'
import { checkKeys } from './doctor/keys.ts'
import { checkMail } from './doctor/mail.ts'
import { checkPlatform } from './doctor/platform.ts'
import { checkSettings } from './doctor/settings.ts'
import { checkStore } from './doctor/store.ts'

export interface Diagnosis {
  /** Whether no check has failed; there may be warnings. */
  isWell: boolean
  /** Text for a terminal, or JSON for a program. */
  text: string
}

const SIGNS: Record<Check['status'], string> = { ok: '✓', warning: '!', failed: '✗' }

/** `read` returns the settings or throws a `ConfigError`. `address`: a platform's address to check, if any. */
export async function doctor(
  read: () => Config,
  address: string | undefined,
  { json }: { json: boolean },
): Promise<Diagnosis> {
  const checks = await checkAll(read, address)
  const isWell = checks.every(({ status }) => status !== 'failed')
  if (json) return { isWell, text: JSON.stringify({ ok: isWell, checks }) }
  const width = Math.max(...checks.map(({ about }) => about.length))
  const lines = checks.map(({ about, status, message }) => `${SIGNS[status]} ${about.padEnd(width)}  ${message}`)
  return { isWell, text: lines.join('\n') }
}

async function checkAll(read: () => Config, address: string | undefined): Promise<Check[]> {
  let config: Config
  try {
    config = read()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((problem) => failed('settings', `${problem}.`))
    throw error
  }
  const own = await checkOwn(config)
  return address === undefined ? own : [...own, ...(await checkAddress(config, address))]
}

async function checkOwn(config: Config): Promise<Check[]> {
  const isThere = config.databaseUrl !== null || existsSync(databaseFile(config.dataDir))
  const database: Database | null = isThere ? openDatabase(config, { readOnly: true }) : null
  try {
    const mail = checkMail(config)
    return [
      ...checkSettings(config),
      ...(await checkStore(config, database)),
      ...(await checkKeys(config, database)),
      ...(await mail),
    ]
  } finally {
    await database?.destroy()
  }
}

async function checkAddress(config: Config, address: string): Promise<Check[]> {
  const { allowedHosts, extraCaCerts, httpsProxy, noProxy } = config
  const transport = createTransport({ allowedHosts, extraCaCerts, httpsProxy, noProxy })
  try {
    return await checkPlatform(config, transport, address)
  } finally {
    await transport.close()
  }
}
