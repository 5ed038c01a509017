// The databases that tests are given are real and apart from each other.

import pg from 'pg'
import { expect, test } from 'vitest'
import { createTestDatabase, postgresUrl } from './postgres.ts'

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

test.skipIf(!postgresUrl())('what is stored in one test database is not in another', async () => {
  const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()])
  await query(one.url, `CREATE TABLE notes (words text); INSERT INTO notes VALUES ('grüße')`)

  expect(await query(one.url, 'SELECT words FROM notes')).toEqual([{ words: 'grüße' }])
  await expect(query(other.url, 'SELECT words FROM notes')).rejects.toThrow('relation "notes" does not exist')

  await Promise.all([one.drop(), other.drop()])
})

test.skipIf(!postgresUrl())('a dropped test database is gone, also while somebody is connected', async () => {
  const database = await createTestDatabase()
  const client = new pg.Client({ connectionString: database.url })
  client.on('error', () => {}) // the server ends this connection
  await client.connect()

  await database.drop()

  await expect(query(database.url, 'SELECT 1')).rejects.toThrow('does not exist')
  await client.end()
})
