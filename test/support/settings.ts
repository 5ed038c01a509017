// Settings that are wrong, as tests of them see them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { afterAll } from 'vitest'
import type { Environment } from '../../src/config.ts'
import { ConfigError } from '../../src/config.ts'
import { readConfig } from '../../src/read-config.ts'

/** What is said of wrong settings; nothing when they are right. */
export function problemsOf(env: Environment): string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

/** A folder that is removed after the tests; gives the path of a new file in it. */
export function openTestFolder(): { folder: string; file(name: string, text: string): string } {
  const folder = mkdtempSync(join(tmpdir(), 'forgelink-settings-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  return {
    folder,
    file(name, text) {
      const path = join(folder, name)
      writeFileSync(path, text)
      return path
    },
  }
}

/** A folder with files for EXTRA_CA_CERTS, good and bad ones; `certificate` is in the good ones, once and twice. */
export function openCertificateFolder(): { folder: string; certificate: string } {
  const { folder, file } = openTestFolder()
  const [certificate = ''] = rootCertificates
  file('ca.pem', certificate)
  file('twoCas.pem', `${certificate}\n${certificate}`)
  file('text.pem', 'no certificate here')
  file('damaged.pem', certificate.replace('MII', 'AAA'))
  file('cut.pem', certificate.slice(0, 400))
  return { folder, certificate }
}
