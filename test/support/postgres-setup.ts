// Before the first test file: TEST_DATABASE_URL if set, else a PostgreSQL of our own; after the last: gone again.

import type { TestProject } from 'vitest/node'
import { type PostgresServer, startPostgres } from './postgres-server.ts'

let server: PostgresServer | undefined
let missing: string | undefined

export async function setup({ provide }: TestProject): Promise<void> {
  const given = process.env.TEST_DATABASE_URL
  if (!given) await start()
  provide('postgresUrl', given || server?.url || null)
}

export async function teardown(): Promise<void> {
  await server?.stop()
  // Said again at the end, where it is seen.
  if (missing) warn(missing)
}

async function start(): Promise<void> {
  try {
    server = await startPostgres()
  } catch (error) {
    const reason = `PostgreSQL could not be started: ${error instanceof Error ? error.message : error}`
    if (process.env.CI) throw new Error(reason)
    missing = reason
    warn(missing)
  }
}

function warn(reason: string): void {
  const advice = 'Give one by TEST_DATABASE_URL=postgres://… (a user who may create databases).'
  const lines = ['The tests on PostgreSQL are SKIPPED.', ...reason.split('\n'), advice]
  const edge = '='.repeat(100)
  process.stderr.write(`\n${edge}\n${lines.map((line) => `| ${line}`).join('\n')}\n${edge}\n\n`)
}
