// An index on type and status of links, so that metrics count them without reading their rows.

import type { Kysely } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('scm_integrations_status')
    .on('scm_integrations')
    .columns(['scm_type', 'status'])
    .execute()
}
