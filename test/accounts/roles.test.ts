// Roles: who is an administrator, and that one is always left, also of two that end at the same moment.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { setUserActive, setUserRole } from '../../src/accounts/roles.ts'
import { COMMAND_LINE } from '../../src/audit/events.ts'
import { userAdd, userList, userRemove, userRole } from '../../src/commands/users.ts'
import { removeUserAndUnlink } from '../../src/integrations/unlink.ts'
import { readConfig } from '../../src/read-config.ts'
import { openServices, type Services } from '../../src/services.ts'
import { type Account, describeOnBothEngines, type Service, startService } from '../support/service.ts'

describeOnBothEngines('roles', (engine) => {
  let service: Service
  let first: Account
  let second: Account

  beforeAll(async () => {
    service = await startService(engine)
    first = await service.addAccount('first')
    second = await service.addAccount('second')
  })
  afterAll(() => service.close())

  const roleOf = async ({ id }: Account) => {
    const { database } = service.services
    return (await database.selectFrom('users').select('role').where('id', '=', id).executeTakeFirstOrThrow()).role
  }

  it('make the first user an administrator and others members, whom users/self tells of neither', async () => {
    expect([await roleOf(first), await roleOf(second)]).toEqual(['admin', 'member'])
    for (const account of [first, second]) {
      expect((await account.call('GET', '/v1/users/self')).json.user.role).toBe(null)
    }
    const statuses = [first, second].map(async (account) => {
      const { status, json } = await account.call('GET', '/v1/admin/service_tokens')
      return [status, json.code]
    })
    expect(await Promise.all(statuses)).toEqual([
      [200, undefined],
      [403, 'admin_required'],
    ])
  })

  it('are given and taken by the command, and counted from the next request on', async () => {
    const { services } = service
    expect(await userRole(services, 'second', 'admin')).toBe('second <second@example.test> is an administrator now.')
    expect((await second.call('GET', '/v1/admin/service_tokens')).status).toBe(200)
    expect(JSON.parse(await userRole(services, 'second', 'member', { json: true })).user).toMatchObject({
      username: 'second',
      role: 'member',
      active: true,
    })
    expect((await second.call('GET', '/v1/admin/service_tokens')).status).toBe(403)
    const { json } = await second.call('GET', '/v1/events?per_page=2')
    const about = { email: 'second@example.test', username: 'second' }
    expect(json.events.map(({ type, type_data }: { type: string; type_data: object }) => [type, type_data])).toEqual([
      ['edit_role', { ...about, role: 'member' }],
      ['edit_role', { ...about, role: 'admin' }],
    ])
    await expect(userRole(services, 'second', 'owner')).rejects.toThrow('role must be one of admin, member')
    await expect(userRole(services, 'nobody', 'admin')).rejects.toThrow('There is no user "nobody"')

    const added = await userAdd(services, { email: 'a@example.test', username: 'third', admin: true, json: true })
    expect(JSON.parse(added).user).toMatchObject({ username: 'third', role: 'admin' })
    const list = await userList(services, { json: false })
    expect(list).toMatch(/^first +first@example\.test {2}since \d{4}-\d\d-\d\d {2}administrator$/m)
    expect(list).toMatch(/^second +second@example\.test {2}since \d{4}-\d\d-\d\d$/m)
    await userRemove(services, 'third')
  })

  it('leave the last active administrator as they are', async () => {
    const { services } = service
    const { database } = services
    const rejected = { code: 'last_administrator' }
    await expect(userRole(services, 'first', 'member')).rejects.toMatchObject(rejected)
    await expect(userRemove(services, 'first')).rejects.toMatchObject(rejected)
    const deactivate = (id: string) =>
      database.transaction().execute((transaction) => setUserActive(transaction, COMMAND_LINE, id, false))
    await expect(deactivate(first.id)).rejects.toMatchObject(rejected)
    // Another who is not active is none that is left.
    await userRole(services, 'second', 'admin')
    await deactivate(second.id)
    await expect(userRemove(services, 'first')).rejects.toMatchObject(rejected)
    await userRole(services, 'second', 'member')
    expect((await first.call('GET', '/v1/users/self')).status).toBe(200)
  })

  type End = (services: Services, id: string) => Promise<unknown>
  const inTransaction =
    (work: (transaction: Parameters<typeof setUserRole>[0], id: string) => Promise<unknown>): End =>
    ({ database }, id) =>
      database.transaction().execute((transaction) => work(transaction, id))
  const ends: Record<string, End> = {
    demoted: inTransaction((transaction, id) => setUserRole(transaction, COMMAND_LINE, id, 'member')),
    deactivated: inTransaction((transaction, id) => setUserActive(transaction, COMMAND_LINE, id, false)),
    removed: (services, id) => removeUserAndUnlink(services, COMMAND_LINE, id),
  }

  it.each(Object.entries(ends))(
    'leave one of two who are %s at the same moment, by two processes',
    async (_name, end) => {
      const other = await openServices(readConfig(service.environment))
      try {
        for (let round = 0; round < 5; round++) {
          const [one, two] = [await service.addAccount('one'), await service.addAccount('two')]
          for (const { username } of [one, two]) await userRole(service.services, username, 'admin')
          // Nobody else is one in this race.
          const { database } = service.services
          await database.updateTable('users').set({ role: 'member' }).where('id', 'not in', [one.id, two.id]).execute()
          const results = await Promise.allSettled([end(service.services, one.id), end(other, two.id)])
          const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))
          expect(failures).toEqual(['last_administrator'])
          const left = await database
            .selectFrom('users')
            .select('id')
            .where('role', '=', 'admin')
            .where('active', '=', 1)
            .execute()
          expect(left).toHaveLength(1)
        }
      } finally {
        await other.close()
      }
    },
  )

  it('make one administrator of many first users that are added at once', async () => {
    const empty = await startService(engine)
    const other = await openServices(readConfig(empty.environment))
    try {
      const adds = Array.from({ length: 8 }, (_, n) =>
        userAdd(n % 2 ? other : empty.services, {
          ...{ email: `u${n}@example.test`, username: `u${n}`, password: 'correct horse', json: true },
        }),
      )
      const added = (await Promise.all(adds)).map((text) => JSON.parse(text).user.role)
      expect(added.filter((role) => role === 'admin')).toHaveLength(1)
    } finally {
      await other.close()
      await empty.close()
    }
  })
})
