// TLS to PostgreSQL, as DATABASE_URL asks for it, and what the operator reads when it fails.

import { chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { storeWords } from '../../src/database/postgres/store-words.ts'
import { storeFailure, unavailable } from '../../src/database/store-failure.ts'
import { forgelink, forgelinkHere, prepareCommand } from '../support/command.ts'
import { postgresUrl } from '../support/postgres.ts'
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts'
import { createIdentity } from '../support/test-certificates.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 })

const SECRET_KEYS = `k1:${Buffer.alloc(32, 1).toString('base64')}`
/** As whom PostgreSQL runs where root runs the tests. */
const NOBODY = 65534

describe.skipIf(!postgresUrl())('PostgreSQL with TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'forgelink-postgres-tls-'))
  const authority = createIdentity('Test authority', {})
  let server: PostgresServer

  function file(name: string, text: string, mode = 0o644): string {
    const path = join(folder, name)
    writeFileSync(path, text, { mode })
    if (process.getuid?.() === 0) chownSync(path, NOBODY, NOBODY)
    return path
  }
  const authorityFile = file('ca.pem', authority.cert)

  beforeAll(async () => {
    await prepareCommand()
    if (process.getuid?.() === 0) chownSync(folder, NOBODY, NOBODY)
    const { cert, key } = createIdentity('Database', { hosts: ['localhost'], issuer: authority })
    server = await startPostgres({
      ssl: 'on',
      ssl_cert_file: file('server.crt', cert),
      ssl_key_file: file('server.key', key, 0o600),
    })
  })
  afterAll(async () => {
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  function settings(parameters: string, host = 'localhost', of = server.url) {
    const url = new URL(of)
    url.hostname = host
    return { DATABASE_URL: `${url.href}?${parameters}`, SECRET_KEYS, DATA_DIR: folder }
  }

  it('is checked with the authority that the address names', async () => {
    const root = `sslrootcert=${authorityFile}`
    for (const mode of ['verify-full', 'verify-ca', 'prefer']) {
      const run = await forgelinkHere(['user', 'list'], settings(`sslmode=${mode}&${root}`))
      expect([mode, run]).toMatchObject([mode, { code: 0, stderr: '' }])
    }
    // In a process of its own, since the driver warns once.
    const run = await forgelink(['user', 'list'], settings(`${root}&sslmode=require`))
    expect(run).toMatchObject({ code: 0, stderr: '' })
    expect((await forgelinkHere(['user', 'list'], settings('sslmode=no-verify'))).code).toBe(0)
  })

  it.each([
    [
      'an authority that is not known',
      () => settings('sslmode=require'),
      /^forgelink: The certificate of PostgreSQL is from an authority that is not known here\. .*sslrootcert=.* \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)\n$/,
    ],
    [
      'another host name',
      () => settings(`sslmode=verify-full&sslrootcert=${authorityFile}`, '127.0.0.1'),
      /^forgelink: The certificate of PostgreSQL is for another host name than that of DATABASE_URL\. .* \(ERR_TLS_CERT_ALTNAME_INVALID\)\n$/,
    ],
    [
      'a server without TLS',
      () => settings('sslmode=verify-full', '127.0.0.1', postgresUrl()),
      /^forgelink: This PostgreSQL offers no TLS\. .*sslmode=disable.* \(NO_TLS\)\n$/,
    ],
  ])('%s is said in words', async (_what, environment, words) => {
    const { code, stdout, stderr } = await forgelinkHere(['user', 'list'], environment())
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(words)])
    const doctor = await forgelinkHere(['doctor'], environment())
    expect(doctor.code).toBe(1)
    const [, sentence = 'none'] = /^forgelink: (.*?) \([A-Z_]+\)\n$/.exec(stderr) ?? []
    expect(doctor.stdout).toContain(sentence)
  })
})

it('a server that wants TLS is said in words', () => {
  const message = 'no pg_hba.conf entry for host "10.0.0.7", user "forgelink", database "forgelink", no encryption'
  const failure = unavailable(Object.assign(new Error(message), { code: '28000' }))
  expect(failure.details.log).toEqual({ store: 'TLS_REQUIRED' })
  expect(storeWords('TLS_REQUIRED')).toContain('?sslmode=verify-full')
  expect(storeFailure(new Error('Connection terminated unexpectedly'))).toMatchObject({ code: 'store_unavailable' })
})
