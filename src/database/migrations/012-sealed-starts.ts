// Indexes on the beginnings of sealed texts, in which the ids of their keys are: a start looks which keys it needs.

import type { Kysely } from 'kysely'
import { sealedStart } from '../expressions/sealed-start.ts'

const COLUMNS = [
  ['scm_integrations', 'access_token'],
  ['scm_integrations', 'refresh_token'],
  ['revocations', 'access_token'],
  ['revocations', 'refresh_token'],
  ['oauth_states', 'verifier'],
  ['link_sessions', 'held_token'],
  ['oidc_states', 'verifier'],
  ['sessions', 'id_token'],
] as const

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const [table, column] of COLUMNS) {
    await db.schema.createIndex(`${table}_${column}_start`).on(table).expression(sealedStart(db, column)).execute()
  }
}
