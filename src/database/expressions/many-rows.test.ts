// Rows and values as one parameter arrive in the store as they were given.

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Service } from '../../../test/support/service.ts'
import { describeOnBothEngines, startService } from '../../../test/support/service.ts'
import { manyRows, manyValues } from './many-rows.ts'

describeOnBothEngines('many rows', (engine) => {
  let service: Service
  beforeAll(async () => {
    service = await startService(engine)
  })
  afterAll(() => service.close())

  test.each<[string, string | null, string | undefined]>([
    ['what JSON and SQL write in another way', `"it's" \\ \n {"a":[1]} \\u0000 %s ? $1 ü 🔑`, undefined],
    ['a number, true and null as text', '0012', undefined],
    ['nothing at all', '', undefined],
    ['null', null, undefined],
    ['NUL', 'a\0b', 'a\uFFFDb'],
    ['half a surrogate pair', 'a\ud83db', 'a\uFFFDb'],
  ])('%s', async (name, text, fitted) => {
    const stored = fitted ?? text
    const { database } = service.services
    const columns = ['id', 'createdAt', 'type', 'via', 'typeData', 'username'] as const
    const row = { createdAt: 'now', type: name, via: 'server', typeData: '{}', username: text }
    const rows = ['1', '2', '3'].map((number) => ({ ...row, id: `${name} ${number}` }))
    await database
      .insertInto('events')
      .columns(columns)
      .expression(manyRows(database, columns, rows))
      .execute()
    const found = await database
      .selectFrom('events')
      .select(['id', 'username'])
      .where('id', 'in', manyValues(database, [`${name} 1`, `${name} 3`, 'none']))
      .orderBy('id')
      .execute()
    expect(found).toEqual([
      { id: `${name} 1`, username: stored },
      { id: `${name} 3`, username: stored },
    ])
  })
})
