// For tests of the whole service that are run once more through PgBouncer: their databases are reached through it.

import type { TestProject } from 'vitest/node'
import { type PostgresServer, startPostgres } from '../../support/postgres-server.ts'
import { hasPgBouncer, type PgBouncer, startPgBouncer } from './pgbouncer.ts'

let server: PostgresServer | undefined
let pooler: PgBouncer | undefined

export async function setup({ provide }: TestProject): Promise<void> {
  if (hasPgBouncer()) {
    server = await startPostgres()
    pooler = await startPgBouncer(server.url)
  }
  provide('postgresUrl', pooler?.url ?? null)
  provide('directUrl', server?.url ?? null)
}

export async function teardown(): Promise<void> {
  await pooler?.stop()
  await server?.stop()
}
