// Which keys have sealed what is stored, on both engines: found through an index, whatever is in the columns.

import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { describeOnBothEngines, type Service, startService } from '../../test/support/service.ts'
import { sealedStartsQuery } from '../database/expressions/sealed-start.ts'
import { otherKeysInUse, SEALED_COLUMNS } from './sealed-columns.ts'

describeOnBothEngines('the keys in use', (engine) => {
  let service: Service
  beforeAll(async () => {
    service = await startService(engine)
  })
  afterAll(() => service.close())
  const database = () => service.services.database

  async function storeSealed(texts: string[]): Promise<void> {
    const account = await service.addAccount('alice')
    const time = '2026-01-31T00:00:00Z'
    const row = {
      ...{ ownerId: account.id, scmType: 'gitlab-self-hosted' as const, url: '', urlKey: '', webUrl: '', apiUrl: '' },
      ...{ username: 'u', profileUrl: '', missingScopes: '', status: 'ok' as const },
      ...{ tokenVersion: 1, createdAt: time, updatedAt: time },
    }
    const rows = texts.map((text, n) => ({ ...row, id: `link-${n}`, uid: `${n}`, accessToken: text as never }))
    await database().insertInto('scmIntegrations').values(rows).execute()
  }

  it('are those of both forms, each once; what nothing sealed names none', async () => {
    const longest = 'x'.repeat(32)
    await storeSealed([
      ...['v2.k1.aaaa', 'v2.k1.bbbb', 'v2.k12.aaaa', 'v1.old.aaaa', `v2.${longest}.aaaa`, 'v2.known.aaaa'],
      ...['', 'v', 'v2.', 'v2.k', 'v2..aaaa', 'a.b.c', `v2.${longest}x.aaaa`, 'ghp_x.y.z', `v2.${'y'.repeat(4_000)}.z`],
    ])
    const found = await otherKeysInUse(database(), SEALED_COLUMNS, ['known'])
    expect(found.sort()).toEqual(['k1', 'k12', 'old', longest])
  })

  it.each(SEALED_COLUMNS.map((column) => [`${column.table}.${column.column}`, column] as const))(
    'are found in %s without reading each row',
    async (_name, column) => {
      const plan = await database()
        .transaction()
        .execute(async (transaction) => {
          const query = sealedStartsQuery(transaction, column)
          if (engine === 'SQLite') return (await sql`explain query plan ${query}`.execute(transaction)).rows
          // It would read a table of a few rows as a whole.
          await sql`set local enable_seqscan = off`.execute(transaction)
          return (await sql`explain ${query}`.execute(transaction)).rows
        })
      const text = JSON.stringify(plan)
      expect(text).toContain(`${column.table}_${column.column}_start`)
      expect(text).not.toMatch(new RegExp(`(seq scan on|scan) ${column.table}(?! using)`, 'i'))
    },
  )
})
