// When a link's OAuth token was issued: a platform may reject a token that is only seconds old.

import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('scm_integrations').addColumn('token_obtained_at', 'text').execute()
}
