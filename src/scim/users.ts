// The scim_users table: who was provisioned. The identity at `issuer` says who of the provider's people a user is, so that
// who is provisioned and who signs in there are one.

import { sql } from 'kysely'
import {
  addIdentity,
  addNamedUser,
  deleteIdentity,
  findUserByIdentity,
  listIdentities,
} from '../accounts/identities/identities.ts'
import { keepAdministrator, setUserActive } from '../accounts/roles.ts'
import { editUser, MAX_USERNAME_LENGTH, USERNAME, type User } from '../accounts/users.ts'
import type { Actor } from '../audit/events.ts'
import type { Database, Transaction } from '../database/database.ts'
import { Failure, notFound } from '../failure.ts'
import { endAccount, type Left } from '../integrations/leaving.ts'
import type { Services } from '../integrations/services.ts'
import { now } from '../time.ts'
import type { Filter } from './filter.ts'

/** What a provider says of a user. */
export interface UserInput {
  userName: string
  /** undefined: not said. */
  externalId: string | undefined
  email: string | null
  active: boolean
}

export interface ProvisionedUser {
  user: User
  userName: string
  /** The subject of the identity at the issuer; null: none. */
  externalId: string | null
  createdAt: string
  updatedAt: string
}

/** A user, and what has to be reported of one who was deactivated. */
export interface Changed {
  found: ProvisionedUser
  left: Left | null
}

function provisioned(database: Database, issuer: string) {
  return database
    .selectFrom('scimUsers')
    .innerJoin('users', 'users.id', 'scimUsers.userId')
    .selectAll('users')
    .select([
      'scimUsers.userName',
      'scimUsers.createdAt as provisionedAt',
      'scimUsers.updatedAt as provisionedChangedAt',
    ])
    .select((row) =>
      row
        .selectFrom('identities')
        .select('identities.subject')
        .whereRef('identities.userId', '=', 'users.id')
        .where('identities.issuer', '=', issuer)
        .orderBy('identities.createdAt')
        .orderBy('identities.id')
        .limit(1)
        .as('externalId'),
    )
}

type Row = Awaited<ReturnType<ReturnType<typeof provisioned>['execute']>>[number]

function fromRow({ userName, provisionedAt, provisionedChangedAt, externalId, ...user }: Row): ProvisionedUser {
  return { user, userName, externalId, createdAt: provisionedAt, updatedAt: provisionedChangedAt }
}

/** Throws `not_found`, also for a user who is here but was not provisioned. */
export async function getProvisioned(database: Database, issuer: string, id: string): Promise<ProvisionedUser> {
  const row = await provisioned(database, issuer).where('scimUsers.userId', '=', id.toLowerCase()).executeTakeFirst()
  if (!row) throw notFound('User')
  return fromRow(row)
}

/** Of `totalResults`, at most `count` after the first `skip`, oldest first. */
export async function listProvisioned(
  database: Database,
  issuer: string,
  { filter, skip, count }: { filter: Filter | undefined; skip: number; count: number },
): Promise<{ found: ProvisionedUser[]; totalResults: number }> {
  let ids = database.selectFrom('scimUsers').select('userId')
  if (filter?.attribute === 'userName') ids = ids.where(sql`lower(user_name)`, '=', sql`lower(${filter.value})`)
  if (filter?.attribute === 'externalId') {
    ids = ids.where('userId', 'in', (any) =>
      any.selectFrom('identities').select('userId').where('issuer', '=', issuer).where('subject', '=', filter.value),
    )
  }
  const { total } = await ids
    .clearSelect()
    .select((row) => row.fn.countAll().as('total'))
    .executeTakeFirstOrThrow()
  const page = ids.orderBy('createdAt').orderBy('userId').limit(count).offset(skip)
  const rows =
    count === 0
      ? []
      : await provisioned(database, issuer)
          .where('scimUsers.userId', 'in', page)
          .orderBy('scimUsers.createdAt')
          .orderBy('scimUsers.userId')
          .execute()
  return { found: rows.map(fromRow), totalResults: Number(total) }
}

/**
 * Makes the user, or adopts whoever has the identity: who has signed in before, or was deleted by SCIM. Throws
 * `conflict` or `email_taken` when somebody else has the identity, the name or the address.
 */
export async function provision(
  services: Services,
  transaction: Transaction,
  actor: Actor,
  issuer: string,
  input: UserInput,
): Promise<Changed> {
  const { externalId, userName, email } = input
  const identity = externalId === undefined ? null : { issuer, subject: externalId }
  const known = identity ? await findUserByIdentity(transaction, identity) : undefined
  const wanted = { username: usernameFrom(userName), email }
  const { id } = known ?? (await addNamedUser(transaction, actor, identity, wanted))
  const time = now()
  const added = await transaction
    .insertInto('scimUsers')
    .values({ userId: id, userName, createdAt: time, updatedAt: time })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (!added.numInsertedOrUpdatedRows)
    throw new Failure('conflict', 'A user with this userName or externalId is there.')
  if (known && email !== null && email !== known.email) await editUser(transaction, actor, known, { email })
  return applyActive(services, transaction, actor, issuer, id, input.active)
}

/** A name that the store takes, of what stands before the @; whoever has it already makes it need an ending. */
function usernameFrom(userName: string): string {
  const [local = ''] = userName.split('@')
  const name = local
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, MAX_USERNAME_LENGTH)
  return USERNAME.test(name) ? name : 'user'
}

/** Throws `not_found`, `last_administrator`, or `conflict` when somebody else has the identity, the name or the address. */
export async function replaceProvisioned(
  services: Services,
  transaction: Transaction,
  actor: Actor,
  issuer: string,
  id: string,
  input: UserInput,
): Promise<Changed> {
  // Before anything else is locked.
  if (!input.active) await keepAdministrator(transaction, id)
  const { user, userName, externalId } = await getProvisioned(transaction, issuer, id)
  if (input.userName !== userName) {
    await transaction
      .updateTable('scimUsers')
      .set({ userName: input.userName, updatedAt: now() })
      .where('userId', '=', user.id)
      .execute()
  }
  if (input.email !== user.email) await editUser(transaction, actor, user, { email: input.email })
  if (input.externalId !== undefined && input.externalId !== externalId) {
    const before = (await listIdentities(transaction, user.id)).find((one) => one.issuer === issuer)
    if (before) await deleteIdentity(transaction, actor, user.id, before.id)
    await addIdentity(transaction, actor, user.id, { issuer, subject: input.externalId })
  }
  return applyActive(services, transaction, actor, issuer, user.id, input.active)
}

async function applyActive(
  services: Services,
  transaction: Transaction,
  actor: Actor,
  issuer: string,
  id: string,
  isActive: boolean,
): Promise<Changed> {
  const { user } = await getProvisioned(transaction, issuer, id)
  if (isActive) await setUserActive(transaction, actor, id, true)
  const left = !isActive && user.active === 1 ? await endAccount(services, transaction, actor, id) : null
  return { found: await getProvisioned(transaction, issuer, id), left }
}

/** Deactivates the user, who is provisioned no more; the identity stays. */
export async function deleteProvisioned(
  services: Services,
  transaction: Transaction,
  actor: Actor,
  issuer: string,
  id: string,
): Promise<Left> {
  await keepAdministrator(transaction, id)
  const { user } = await getProvisioned(transaction, issuer, id)
  const left = await endAccount(services, transaction, actor, user.id)
  await transaction.deleteFrom('scimUsers').where('userId', '=', user.id).execute()
  return left
}
