// The table of log events: what is not in it does not compile, and the operator's page explains each.

import { readFileSync } from 'node:fs'
import { expect, expectTypeOf, it } from 'vitest'
import { LOG_EVENTS, type LogEntry } from './log-events.ts'

it('takes an event with its own fields, no other name and no other fields', () => {
  expectTypeOf<['revocation_done', { scm_type: string }]>().toExtend<LogEntry>()
  expectTypeOf<['revocation_dome', { scm_type: string }]>().not.toExtend<LogEntry>()
  expectTypeOf<['revocation_done', { host: string }]>().not.toExtend<LogEntry>()
  expectTypeOf<['scm_origin_left_alone', { host: string }]>().not.toExtend<LogEntry>()
})

it('has the events that docs/operations.md explains', () => {
  const page = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8')
  const [, table = ''] = /^\| event \| .*\n\| --- .*\n((?:\|.*\n)+)/m.exec(page) ?? []
  const explained = table.split('\n').flatMap((row) => (row.split('|')[1] ?? '').match(/[a-z_]+/g) ?? [])
  expect(explained.sort()).toEqual(Object.keys(LOG_EVENTS).sort())
})
