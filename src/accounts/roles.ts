// Roles, and who is active: there is always an active administrator left.

import type { Actor } from '../audit/events.ts'
import { recordEvent } from '../audit/events.ts'
import type { Role } from '../database/account-tables.ts'
import { locksRows, type Transaction } from '../database/database.ts'
import { Failure, notFound } from '../failure.ts'
import { now } from '../time.ts'
import type { User } from './users.ts'

export const ROLES: readonly Role[] = ['admin', 'member']

/**
 * For whatever ends an administrator. Throws `last_administrator` when the user is the only active one; until the
 * transaction ends, nobody else can end another. Call it before anything else is locked: transactions that lock in
 * different orders would wait for each other.
 */
export async function keepAdministrator(transaction: Transaction, id: string): Promise<void> {
  const query = transaction
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'admin')
    .where('active', '=', 1)
    .orderBy('id')
  const administrators = await (locksRows(transaction) ? query.forNoKeyUpdate() : query).execute()
  if (administrators.length === 1 && administrators[0]?.id === id) {
    const message = 'This is the last active administrator. Make somebody else an administrator first.'
    throw new Failure('last_administrator', message)
  }
}

/** Throws `not_found`, or `last_administrator`. */
export async function setUserRole(transaction: Transaction, actor: Actor, id: string, role: Role): Promise<User> {
  if (role !== 'admin') await keepAdministrator(transaction, id)
  const { user, isChanged } = await change(transaction, id, { role })
  if (isChanged) {
    const { email, username } = user
    await recordEvent(transaction, actor, id, { type: 'edit_role', data: { email, username, role } })
  }
  return user
}

/**
 * From now on every credential of an inactive user is refused. It changes this row only: what a user who leaves had is
 * ended by the caller. Throws `not_found`, or `last_administrator`.
 */
export async function setUserActive(
  transaction: Transaction,
  actor: Actor,
  id: string,
  isActive: boolean,
): Promise<User> {
  if (!isActive) await keepAdministrator(transaction, id)
  const changes = isActive ? { active: 1 } : { active: 0, deactivatedAt: now() }
  const { user, isChanged } = await change(transaction, id, changes)
  if (isChanged) {
    const { email, username } = user
    const type = isActive ? 'reactivate_user' : 'deactivate_user'
    await recordEvent(transaction, actor, id, { type, data: { email, username } })
  }
  return user
}

async function change(
  transaction: Transaction,
  id: string,
  changes: { role: Role } | { active: number; deactivatedAt?: string },
): Promise<{ user: User; isChanged: boolean }> {
  const query = transaction.selectFrom('users').selectAll().where('id', '=', id)
  const before = await (locksRows(transaction) ? query.forNoKeyUpdate() : query).executeTakeFirst()
  if (!before) throw notFound('user')
  const after = { ...before, ...changes }
  if (after.role === before.role && after.active === before.active) return { user: before, isChanged: false }
  const user = await transaction
    .updateTable('users')
    .set({ ...changes, updatedAt: now() })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
  return { user, isChanged: true }
}
