// The links of all accounts, as administrators see which are unwell. No token is read, sealed or not.

import { type ExpressionBuilder, sql } from 'kysely'
import type { Database } from '../database/database.ts'
import { hostOfWebUrl } from '../database/expressions/url-host.ts'
import type { IntegrationStatus, Tables } from '../database/tables.ts'
import type { Integration } from '../integrations/integrations.ts'
import type { ScmType } from '../platforms/scm-types.ts'
import { now } from '../time.ts'
import { type Found, findPage } from './pages.ts'

export interface IntegrationFilter {
  status?: IntegrationStatus
  scm_type?: ScmType
  /** With the port, where it is not the usual one. */
  host?: string
  user?: string
}

type Links = ExpressionBuilder<Tables, 'scmIntegrations'>

/** A pasted token is past its end: then the link is expired, whatever its last use has shown (see `link-status.ts`). */
function hasEnded(row: Links) {
  return row.and([row('refreshToken', 'is', null), row('tokenExpiresAt', '<=', now())])
}

/**
 * Oldest first. In the order of an index: `scm_integrations_created`, or by filter `…_status_created`, `…_type_created`,
 * `…_type_status_created` or `…_host`; of one user `scm_integrations_account`, and of expired ones also `…_ending`.
 */
export async function listAllIntegrations(
  database: Database,
  page: { page: number; perPage: number },
  { status, scm_type, host, user }: IntegrationFilter,
): Promise<Found<Integration>> {
  let query = database.selectFrom('scmIntegrations').selectAll()
  if (user !== undefined) query = query.where('ownerId', '=', user)
  if (scm_type !== undefined) query = query.where('scmType', '=', scm_type)
  if (host !== undefined) query = query.where(hostOfWebUrl(database), '=', host)
  if (status === 'expired') query = query.where((row) => row.or([row('status', '=', status), hasEnded(row)]))
  else if (status !== undefined) {
    query = query
      .where('status', '=', status)
      .where((row) =>
        row.or([
          row('refreshToken', 'is not', null),
          row('tokenExpiresAt', 'is', null),
          row('tokenExpiresAt', '>', now()),
        ]),
      )
  }
  return findPage(database, query.orderBy('createdAt').orderBy('id'), page)
}

/** How many links there are of each type and status. */
export async function countLinks(
  database: Database,
): Promise<{ scmType: ScmType; status: IntegrationStatus; count: number }[]> {
  const links = database
    .selectFrom('scmIntegrations')
    .select(['scmType', 'status', sql<number | string>`count(*)`.as('links')])
    .groupBy(['scmType', 'status'])
  const all = await links.execute()
  // Counted apart, so that both counts read an index alone.
  const ended = await links.where(hasEnded).execute()
  return [
    ...all.map(({ scmType, status, links }) => ({ scmType, status, count: Number(links) })),
    ...ended.flatMap(({ scmType, status, links }) => [
      { scmType, status, count: -Number(links) },
      { scmType, status: 'expired' as const, count: Number(links) },
    ]),
  ]
}
