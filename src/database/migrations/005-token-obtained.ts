// When a link's token came by OAuth: a token that is new may be refused at first.

import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('scm_integrations').addColumn('token_obtained_at', 'text').execute()
}
