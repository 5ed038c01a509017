// `forgelink events`: the audit trail for the operator.

import { expect, it } from 'vitest'
import { auditTrail, type EventJson, KEY, TIME, UUID_7 } from './support/audit-trail.ts'
import { forgelinkHere } from './support/command.ts'
import { describeOnBothEngines } from './support/service.ts'

describeOnBothEngines('forgelink events', (engine) => {
  const trail = auditTrail(engine)

  it('prints a table, the newest last', async () => {
    await trail.account.call('POST', '/v1/keys', { name: 'laptop', content: KEY.content })
    const { code, stdout, stderr } = await forgelinkHere(
      ['events', '--user', trail.account.email],
      trail.service.environment,
    )
    expect([code, stderr]).toEqual([0, ''])
    const name = trail.account.username
    const lines = stdout.split('\n').map((line) => line.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}(?= )/, 'TIME'))
    expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
      ['TIME (UTC)', 'USER', 'TYPE', 'BY', 'FROM', 'WHAT'],
      ['TIME', name, 'new_user', 'command line', '-', `user added, ${trail.account.email}`],
      ['TIME', name, 'new_token', 'command line', '-', 'API token "forgelink user add" made'],
      [
        ...['TIME', name, 'new_key', 'API token "forgelink user add"', '127.0.0.1'],
        `SSH key "laptop" added, ${KEY.fingerprint}`,
      ],
      [''],
    ])
  })

  it('prints one JSON object a line, of everybody, as many of the newest as asked for', async () => {
    const { id, username } = trail.account
    const all = await forgelinkHere(['events', '--json', '--since', '1h'], trail.service.environment)
    const lines = all.stdout.split('\n')
    expect(lines.pop()).toBe('')
    const events: EventJson[] = lines.map((line) => JSON.parse(line))
    const times = events.map((event) => event.created_at)
    expect(times).toEqual([...times].sort())
    expect(events.find((event) => event.user?.id === id && event.type === 'new_token')).toEqual({
      id: expect.stringMatching(UUID_7),
      created_at: expect.stringMatching(TIME),
      user: { id, username },
      type: 'new_token',
      type_data: { token_id: expect.any(String), token_name: 'forgelink user add' },
      via: 'command_line',
      api_token: null,
      act: null,
      remote_ip: null,
      request_id: null,
    })
    const one = await forgelinkHere(
      ['events', '--json', '--type', 'new_user', '--limit', '1'],
      trail.service.environment,
    )
    expect(JSON.parse(one.stdout)).toMatchObject({ type: 'new_user', user: { id } })
  })

  it('says when there is none, and as JSON nothing', async () => {
    const args = ['events', '--user', trail.account.id, '--type', 'delete_user', '--since', '2026-01-31']
    const runs = await Promise.all(
      [args, [...args, '--json']].map((each) => forgelinkHere(each, trail.service.environment)),
    )
    expect(runs.map(({ code, stdout, stderr }) => [code, stdout, stderr])).toEqual([
      [0, 'There is no such event.\n', ''],
      [0, '', ''],
    ])
  })

  it('ends with 2 and says which option cannot be read', async () => {
    const cases = [
      ['--type', 'nothing', '--type must be one of new_user, '],
      ['--since', 'yesterday', '--since must be a date or time in UTC'],
      ['--since', '2026-13-01', '--since must be a date or time in UTC'],
      ['--limit', '0', '--limit must be a whole number from 1 to 100000'],
    ]
    const runs = await Promise.all(
      cases.map(([option = '', value = '']) => forgelinkHere(['events', option, value], trail.service.environment)),
    )
    for (const [index, { code, stdout, stderr }] of runs.entries()) {
      const [, , message = ''] = cases[index] ?? []
      expect([code, stdout, stderr.includes(`forgelink: ${message}`)]).toEqual([2, '', true])
    }
  })
})
