// The host of an address that is stored, as SQL: the engines have different functions for it.

import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../database.ts'
import { locksRows } from '../database.ts'

/**
 * Host and port of the column `scm_integrations.web_root`, as they stand in it. The index on the host has the same
 * expression, or the engines would not use it; so nothing in it may be a parameter.
 */
export function hostOfWebUrl(database: Database): RawBuilder<string> {
  if (locksRows(database)) return sql<string>`split_part(web_root, '/', 3)`
  return sql<string>`substr(web_root, instr(web_root, '//') + 2, instr(substr(web_root, instr(web_root, '//') + 2) || '/', '/') - 1)`
}
