// The stores that Forgelink is measured on: SQLite in a folder of its own, and the PostgreSQL that the tests bring along.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runnerImport } from 'vite'
import { openRaw } from './raw-store.mjs'

/** As an operator runs it, and not as the tests do, whose data is thrown away. */
const DURABLE = { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' }

/** By engine, `create` gives an empty store: what the service is told of it, and where it is for the raw driver. */
export async function openEngines(names) {
  const open = { sqlite: openSqlite, postgres: openPostgres }
  const engines = []
  for (const name of names) engines.push({ name, ...(await open[name]()) })
  return engines
}

async function openSqlite() {
  const folder = mkdtempSync(join(tmpdir(), 'forgelink-bench-'))
  let made = 0
  return {
    async create() {
      const dataDir = join(folder, String(made++))
      return { env: { DATA_DIR: dataDir }, raw: { file: join(dataDir, 'forgelink.db') } }
    },
    async close() {
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function openPostgres() {
  const { startPostgres } = await importTypeScript('test/support/postgres-server.ts')
  const server = await startPostgres(DURABLE)
  const folder = mkdtempSync(join(tmpdir(), 'forgelink-bench-'))
  const root = openRaw(server)
  return {
    async create() {
      const name = `bench_${randomBytes(6).toString('hex')}`
      await root.run(`create database ${name}`)
      const url = new URL(server.url)
      url.pathname = `/${name}`
      const secretKeys = `bench:${randomBytes(32).toString('base64')}`
      return { env: { DATA_DIR: folder, DATABASE_URL: url.href, SECRET_KEYS: secretKeys }, raw: { url: url.href } }
    },
    async close() {
      await root.close()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Node 20 runs no TypeScript, and what the tests use is not built. */
async function importTypeScript(file) {
  const path = join(import.meta.dirname, '../..', file)
  const { module } = await runnerImport(path, { configFile: false, logLevel: 'warn' })
  return module
}
