// Who a user is at an issuer: each identity belongs to one user, who may have several.

import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  addIdentity,
  deleteIdentity,
  findUserByIdentity,
  listIdentities,
} from '../../src/accounts/identities/identities.ts'
import { COMMAND_LINE } from '../../src/audit/events.ts'
import type { Transaction } from '../../src/database/database.ts'
import { type Account, describeOnBothEngines, type Service, startService } from '../support/service.ts'
import { ISSUER } from '../support/service-tokens.ts'

describeOnBothEngines('identities', (engine) => {
  let service: Service
  let ada: Account
  let ben: Account

  beforeAll(async () => {
    service = await startService(engine)
    ada = await service.addAccount('ada')
    ben = await service.addAccount('ben')
  })
  afterAll(() => service.close())

  const change = <T>(work: (transaction: Transaction) => Promise<T>) =>
    service.services.database.transaction().execute(work)

  it('belong to one user each, are listed and removed by their owner alone, and are in the trail', async () => {
    const { database } = service.services
    const key = { issuer: ISSUER, subject: '42' }
    const { id } = await change((transaction) => addIdentity(transaction, COMMAND_LINE, ada.id, key))
    await change((transaction) =>
      addIdentity(transaction, COMMAND_LINE, ada.id, { ...key, issuer: 'https://b.example' }),
    )
    for (const owner of [ada.id, ben.id]) {
      const again = change((transaction) => addIdentity(transaction, COMMAND_LINE, owner, key))
      await expect(again).rejects.toMatchObject({ code: 'conflict' })
    }
    expect((await listIdentities(database, ada.id)).map(({ issuer }) => issuer).sort()).toEqual([
      'https://b.example',
      ISSUER,
    ])
    expect(await listIdentities(database, ben.id)).toEqual([])
    expect((await findUserByIdentity(database, key))?.id).toBe(ada.id)

    const others = change((transaction) => deleteIdentity(transaction, COMMAND_LINE, ben.id, id))
    await expect(others).rejects.toMatchObject({ code: 'not_found', details: { resource: 'identity' } })
    await change((transaction) => deleteIdentity(transaction, COMMAND_LINE, ada.id, id))
    expect(await findUserByIdentity(database, key)).toBe(undefined)
    const { json } = await ada.call('GET', '/v1/events?per_page=3')
    expect(json.events.map(({ type, type_data }: { type: string; type_data: object }) => [type, type_data])).toEqual([
      ['delete_identity', key],
      ['new_identity', { ...key, issuer: 'https://b.example' }],
      ['new_identity', key],
    ])
  })
})
