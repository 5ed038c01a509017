// The command `forgelink doctor`: checks settings, store, keys, issuers, the running server and a platform's address, and
// says what to do. Changes nothing.

import { existsSync } from 'node:fs'
import type { Config } from '../config.ts'
import { ConfigError } from '../config.ts'
import type { Database } from '../database/database.ts'
import { databaseFile, openDatabase } from '../database/database.ts'
import { createTransport } from '../platforms/transport/transport.ts'
import type { Check } from './doctor/check.ts'
import { failed } from './doctor/check.ts'
import { checkIssuers } from './doctor/issuers.ts'
import { checkKeys, vaultAtHand } from './doctor/keys.ts'
import { checkMail } from './doctor/mail.ts'
import { checkPlatform } from './doctor/platform.ts'
import { checkServer } from './doctor/server.ts'
import { checkSettings, checkSources, type Sources } from './doctor/settings.ts'
import { checkStore } from './doctor/store.ts'

export interface Diagnosis {
  /** Whether no check has failed; there may be warnings. */
  isWell: boolean
  /** Text for a terminal, or JSON for a program. */
  text: string
}

const SIGNS: Record<Check['status'], string> = { ok: '✓', warning: '!', failed: '✗' }

export interface DoctorSources extends Sources {
  /** Reads the settings, or throws a `ConfigError`; tells `seen` the name of each. */
  settings(seen: (name: string) => void): Promise<Config>
}

/** `address`: a platform's address to check, if any. */
export async function doctor(
  sources: DoctorSources,
  address: string | undefined,
  { json }: { json: boolean },
): Promise<Diagnosis> {
  const checks = await checkAll(sources, address)
  const isWell = checks.every(({ status }) => status !== 'failed')
  if (json) return { isWell, text: JSON.stringify({ ok: isWell, checks }) }
  const width = Math.max(...checks.map(({ about }) => about.length))
  const lines = checks.map(({ about, status, message }) => `${SIGNS[status]} ${about.padEnd(width)}  ${message}`)
  return { isWell, text: lines.join('\n') }
}

async function checkAll(sources: DoctorSources, address: string | undefined): Promise<Check[]> {
  const names: string[] = []
  let config: Config
  try {
    config = await sources.settings((name) => names.push(name))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return [checkSources(sources, names), ...error.problems.map((problem) => failed('settings', `${problem}.`))]
  }
  return [checkSources(sources, names), ...(await checkOwn(config)), ...(await checkOthers(config, address))]
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
      ...(await checkServer(config, vaultAtHand(config))),
      ...(await mail),
    ]
  } finally {
    await database?.destroy()
  }
}

async function checkOthers(config: Config, address: string | undefined): Promise<Check[]> {
  const { allowedHosts, extraCaCerts, httpsProxy, noProxy } = config
  const transport = createTransport({ allowedHosts, extraCaCerts, httpsProxy, noProxy })
  try {
    const issuers = await checkIssuers(config, transport)
    return address === undefined ? issuers : [...issuers, ...(await checkPlatform(config, transport, address))]
  } finally {
    await transport.close()
  }
}
