// Ids of one open database sort as they were made, whatever the clock does.

import { afterEach, expect, test, vi } from 'vitest'
import { readConfig } from '../read-config.ts'
import { newOrderedId } from './adapter.ts'
import { openDatabase } from './database.ts'

const SECRET_KEYS = `k1:${Buffer.alloc(32, 1).toString('base64')}`

afterEach(() => {
  vi.useRealTimers()
})

test('ten thousand of one millisecond, through several handles of one database, are UUIDs of version 7 in their order', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
  const database = openDatabase(readConfig({ DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none', SECRET_KEYS }))
  const sameStore = database.withoutPlugins()
  const ids = Array.from({ length: 10_000 }, (_, n) => newOrderedId(n % 2 === 0 ? database : sameStore))
  expect(ids.toSorted()).toEqual(ids)
  expect(new Set(ids).size).toBe(10_000)
  for (const id of ids) expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
  // 1_700_000_000_000 in hexadecimal.
  expect(ids[0]).toMatch(/^018bcfe5-6800-7000-/)
  await database.destroy()
})

test('a clock that is put back puts none before those that are there', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
  const database = openDatabase(readConfig({ DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none', SECRET_KEYS }))
  const before = newOrderedId(database)
  vi.setSystemTime(1_600_000_000_000)
  expect(newOrderedId(database) > before).toBe(true)
  await database.destroy()
})
