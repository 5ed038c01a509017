// The service_tokens table: `tk-svc-…` tokens of the platform in front; only their hash is stored.

import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { Actor } from '../../audit/events.ts'
import { recordEvent } from '../../audit/events.ts'
import type { ServiceTokensTable } from '../../database/account-tables.ts'
import { type Database, noteIfPossible, type Transaction } from '../../database/database.ts'
import { createStatement } from '../../database/statement.ts'
import { notFound } from '../../failure.ts'
import { now } from '../../time.ts'
import { CALLER_KEPT_MS } from '../callers/kept.ts'
import { joinServiceScopes, type ServiceScope, splitServiceScopes } from '../scopes.ts'
import type { User } from '../users.ts'

type ServiceTokenRow = Selectable<ServiceTokensTable>

/** What a service token says of its service. */
export interface Service extends Omit<ServiceTokenRow, 'tokenHash' | 'scopes' | 'issuers'> {
  scopes: ServiceScope[]
  /** The issuers whose users it may act for. */
  issuers: string[]
}

export interface NewService {
  name: string
  scopes: readonly ServiceScope[]
  issuers: readonly string[]
  expiresAt: string | null
}

export const SERVICE_PREFIX = 'tk-svc-'
const TOKEN_BYTES = 32
/** A token's last use is stored at this interval, so that not every exchange causes a write. */
const NOTED_MS = 60_000

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

function serviceOf({ tokenHash: _hash, scopes, issuers, ...others }: ServiceTokenRow): Service {
  return { ...others, scopes: splitServiceScopes(scopes), issuers: JSON.parse(issuers) as string[] }
}

function eventData({ id, name }: Pick<Service, 'id' | 'name'>) {
  return { service_token_id: id, service_token_name: name }
}

/** `maker`: the administrator, in whose trail it is noted; null: the command line. */
export async function createServiceToken(
  transaction: Transaction,
  actor: Actor,
  maker: string | null,
  { name, scopes, issuers, expiresAt }: NewService,
): Promise<{ service: Service; token: string }> {
  const token = SERVICE_PREFIX + randomBytes(TOKEN_BYTES).toString('base64url')
  const row = await transaction
    .insertInto('serviceTokens')
    .values({
      id: `svc-${randomUUID()}`,
      name,
      tokenHash: hashOf(token),
      scopes: joinServiceScopes(scopes),
      issuers: JSON.stringify(issuers),
      createdAt: now(),
      expiresAt,
      makerId: maker,
    })
    .returningAll()
    .executeTakeFirstOrThrow()
  const service = serviceOf(row)
  await recordEvent(transaction, actor, maker, { type: 'new_service_token', data: eventData(service) })
  return { service, token }
}

/** A page of all, oldest first. */
export async function listServiceTokens(
  database: Database,
  { page, perPage }: { page: number; perPage: number },
): Promise<{ services: Service[]; totalCount: number }> {
  const all = database.selectFrom('serviceTokens')
  const { total } = await all.select((row) => row.fn.countAll().as('total')).executeTakeFirstOrThrow()
  const rows = await all
    .selectAll()
    .orderBy('createdAt')
    .orderBy('id')
    .limit(perPage)
    .offset((page - 1) * perPage)
    .execute()
  return { services: rows.map(serviceOf), totalCount: Number(total) }
}

/** `remover`: the administrator; null: the command line, or a service. Every JWT that it opened ends with it. */
export async function deleteServiceToken(
  transaction: Transaction,
  actor: Actor,
  remover: string | null,
  id: string,
): Promise<Service> {
  const row = await transaction
    .deleteFrom('serviceTokens')
    .where('id', '=', id.toLowerCase())
    .returningAll()
    .executeTakeFirst()
  if (!row) throw notFound('service_token')
  const service = serviceOf(row)
  await recordEvent(transaction, actor, remover, { type: 'delete_service_token', data: eventData(service) })
  return service
}

const byHash = createStatement<{ tokenHash: string }, ServiceTokenRow>((database, value) =>
  database.selectFrom('serviceTokens').selectAll().where('tokenHash', '=', value('tokenHash')),
)

/** The service with this token, whose use is noted; undefined when there is none, or it has expired. */
export async function redeemServiceToken(database: Database, token: string): Promise<Service | undefined> {
  if (!token.startsWith(SERVICE_PREFIX)) return undefined
  const [row] = await byHash(database, { tokenHash: hashOf(token) })
  if (!row || isExpired(row)) return undefined
  if (row.lastUsedAt === null || row.lastUsedAt < new Date(Date.now() - NOTED_MS).toISOString()) {
    const noted = database.updateTable('serviceTokens').set({ lastUsedAt: now() }).where('id', '=', row.id)
    await noteIfPossible(noted.execute())
  }
  return serviceOf(row)
}

function isExpired({ expiresAt }: Pick<Service, 'expiresAt'>): boolean {
  return expiresAt !== null && expiresAt <= now()
}

type DelegateRow = User & { serviceName: string; serviceExpiresAt: string | null }

const delegate = createStatement<{ serviceId: string; userId: string }, DelegateRow>(
  (database, value) =>
    database
      .selectFrom(['users', 'serviceTokens'])
      .selectAll('users')
      .select(['serviceTokens.name as serviceName', 'serviceTokens.expiresAt as serviceExpiresAt'])
      .where('serviceTokens.id', '=', value('serviceId'))
      .where('users.id', '=', value('userId'))
      .where('users.active', '=', 1),
  { lateMs: CALLER_KEPT_MS },
)

/** The user with the service that acts for them, as long as both exist, the user is active and the token has not expired. */
export async function findDelegate(
  database: Database,
  serviceId: string,
  userId: string,
): Promise<{ user: User; service: Pick<Service, 'id' | 'name' | 'expiresAt'> } | undefined> {
  const [found] = await delegate(database, { serviceId, userId })
  if (!found) return undefined
  const { serviceName, serviceExpiresAt, ...user } = found
  const service = { id: serviceId, name: serviceName, expiresAt: serviceExpiresAt }
  return isExpired(service) ? undefined : { user, service }
}
