// SQLite in a server: reads here, writes in another thread, and what each sees of the other.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startService } from '../../test/support/service.ts'
import { lockInAnotherProcess } from '../../test/support/sqlite-lock.ts'
import { readConfig } from '../read-config.ts'
import type { Database } from './database.ts'
import { databaseFile, openDatabase } from './database.ts'

vi.setConfig({ testTimeout: 60_000 })

describe('another process that holds the lock of SQLite', () => {
  it('keeps no read waiting, while writes wait for it', async () => {
    const service = await startService('SQLite')
    const alice = await service.addAccount('alice')
    try {
      const lock = await lockInAnotherProcess(databaseFile(service.dataDir), 60_000)
      const written = alice.call('POST', '/v1/tokens', { name: 'waits' })
      const times: number[] = []
      const ends = Date.now() + 1_500
      while (Date.now() < ends) {
        const started = performance.now()
        expect((await alice.call('GET', '/v1/scm_integrations')).status).toBe(200)
        times.push(performance.now() - started)
      }
      lock.end()
      await lock.ended
      expect((await written).status).toBe(201)
      // It was one call of 1.5 s when the write waited on the event loop.
      expect(times.length).toBeGreaterThan(20)
      expect(times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)]).toBeLessThan(500)
    } finally {
      await service.close()
    }
  })

  it('is waited for again after a write has given up', async () => {
    const service = await startService('SQLite')
    const alice = await service.addAccount('alice')
    const file = databaseFile(service.dataDir)
    try {
      // One by itself and one in a transaction; longer than the log is left alone, so that its tidying gives up too.
      const first = await lockInAnotherProcess(file, 60_000)
      const { database } = service.services
      const alone = database.updateTable('users').set({ updatedAt: '2026-01-01' }).execute()
      await expect(alone).rejects.toMatchObject({ code: 'store_unavailable' })
      expect((await alice.call('POST', '/v1/tokens', { name: 'refused' })).status).toBe(503)
      first.end()
      await first.ended

      const second = await lockInAnotherProcess(file, 1_000)
      const writes = await Promise.all(['one', 'two'].map((name) => alice.call('POST', '/v1/tokens', { name })))
      expect(writes.map(({ status }) => status)).toEqual([201, 201])
      await second.ended
    } finally {
      await service.close()
    }
  })

  it('has all writes that wait for it refused within ten seconds, however many they are', async () => {
    const service = await startService('SQLite')
    const alice = await service.addAccount('alice')
    const lock = await lockInAnotherProcess(databaseFile(service.dataDir), 60_000)
    try {
      const started = performance.now()
      const answers = await Promise.all(
        Array.from({ length: 6 }, (_, n) => alice.call('POST', '/v1/tokens', { name: `n${n}` })),
      )
      expect(answers.map(({ status, json }) => [status, json.code])).toEqual(
        new Array(6).fill([503, 'store_unavailable']),
      )
      expect(performance.now() - started).toBeLessThan(12_000)
    } finally {
      lock.end()
      await lock.ended
      await service.close()
    }
  })
})

describe('a server’s SQLite', () => {
  let dataDir: string
  let database: Database
  let writers: Worker[]
  const collect = (worker: Worker) => writers.push(worker)

  beforeEach(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'forgelink-sqlite-'))
    writers = []
    process.on('worker', collect)
    database = openDatabase(readConfig({ DATA_DIR: dataDir }))
    await sql`create table notes (id integer primary key, text text not null unique)`.execute(database)
  })
  afterEach(async () => {
    process.off('worker', collect)
    await database.destroy()
    rmSync(dataDir, { recursive: true, force: true })
  })

  const add = (db: Database, text: string) => sql`insert into notes (text) values (${text})`.execute(db)
  async function notes(db: Database): Promise<string[]> {
    const { rows } = await sql<{ text: string }>`select text from notes order by id`.execute(db)
    return rows.map(({ text }) => text)
  }

  it('shows a write to the next read, and a transaction’s only when it is committed', async () => {
    await add(database, 'one')
    expect(await notes(database)).toEqual(['one'])
    await database.transaction().execute(async (transaction) => {
      await add(transaction, 'two')
      expect(await notes(transaction)).toEqual(['one', 'two'])
      expect(await notes(database)).toEqual(['one'])
    })
    expect(await notes(database)).toEqual(['one', 'two'])
  })

  it('keeps nothing of a transaction that fails, and lets the next writer in', async () => {
    const failed = database.transaction().execute(async (transaction) => {
      await add(transaction, 'one')
      await add(transaction, 'one')
    })
    await expect(failed).rejects.toMatchObject({ code: 'conflict' })
    await add(database, 'two')
    expect(await notes(database)).toEqual(['two'])
  })

  it('runs transactions one after another, and answers them with what their own writes changed', async () => {
    const changed = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        database.transaction().execute(async (transaction) => {
          const before = await notes(transaction)
          await add(transaction, `note ${before.length}`)
          const { numAffectedRows } = await sql`update notes set text = text || ${`.${n}`}`.execute(transaction)
          return Number(numAffectedRows)
        }),
      ),
    )
    expect(changed.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1))
  })

  it('refuses what was under way when its writing thread ends, and goes on with another', async () => {
    await add(database, 'one')
    const half = database.transaction().execute(async (transaction) => {
      await add(transaction, 'two')
      await writers[0]?.terminate()
      await add(transaction, 'three')
    })
    await expect(half).rejects.toMatchObject({ code: 'store_unavailable', details: { retryAfter: 2 } })
    expect(await notes(database)).toEqual(['one'])
    await add(database, 'four')
    expect(await notes(database)).toEqual(['one', 'four'])
    expect(writers).toHaveLength(2)
  })

  it('leaves one file when it is closed, and its thread ends', async () => {
    await add(database, 'one')
    const exited = new Promise((resolve) => writers[0]?.once('exit', resolve))
    await database.destroy()
    expect(await exited).toBe(0)
    const file = databaseFile(dataDir)
    expect([file, `${file}-wal`, `${file}-shm`].map(existsSync)).toEqual([true, false, false])
  })

  it('says that a file is none, and ends the thread that was to open it', async () => {
    const other = openDatabase(readConfig({ DATA_DIR: join(dataDir, 'missing') }))
    await expect(notes(other)).rejects.toMatchObject({ code: 'store_unavailable' })
    await vi.waitFor(() => expect(writers[1]?.threadId).toBe(-1))
    await other.destroy()
  })
})
