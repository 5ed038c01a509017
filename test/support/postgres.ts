// PostgreSQL for tests: the server of this run, and a fresh database for whoever asks.

import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** Of the server that postgres-setup.ts started or was given; null where there is none. */
    postgresUrl: string | null
  }
}

/** A superuser's address of the run's PostgreSQL; undefined where it could not be started: skip, do not fail. */
export function postgresUrl(): string | undefined {
  return inject('postgresUrl') ?? undefined
}

/** An empty database of its own: one for each test file is quick enough. */
export async function createTestDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = postgresUrl()
  if (!server) throw new Error('there is no PostgreSQL here: guard this test with skipIf(!postgresUrl())')
  const name = `forgelink_test_${randomBytes(8).toString('hex')}`
  await execute(server, `CREATE DATABASE ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => execute(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) }
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
