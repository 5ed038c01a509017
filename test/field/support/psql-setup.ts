// For the backup drill with `pg_dump` and `psql`, which refuse a server that is newer than they are: one of the system's own.

import type { TestProject } from 'vitest/node'
import { installed, type PostgresServer, startPostgres } from '../../support/postgres-server.ts'
import { isThere } from './programs.ts'

let server: PostgresServer | undefined

export async function setup({ provide }: TestProject): Promise<void> {
  const hasTools = ['psql', 'pg_dump'].every((tool) => isThere(tool, 'apt-get install -y postgresql-client'))
  const installations = installed()
  if (installations.length === 0) {
    process.stderr.write('SKIPPED what needs a PostgreSQL of the system. To get it: apt-get install -y postgresql\n')
  }
  if (hasTools && installations.length > 0) server = await startPostgres({}, installations)
  provide('postgresUrl', server?.url ?? null)
}

export async function teardown(): Promise<void> {
  await server?.stop()
}
