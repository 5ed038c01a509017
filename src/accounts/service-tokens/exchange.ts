// A service acts for a user, who may be made on first use.

import type { Act, Actor } from '../../audit/events.ts'
import type { Database } from '../../database/database.ts'
import { Failure, notFound } from '../../failure.ts'
import { now } from '../../time.ts'
import type { Delegation } from '../bearer.ts'
import { findOrAddUser, findUserByIdentity } from '../identities/identities.ts'
import { insufficientScope, type Scope } from '../scopes.ts'
import { findUser, type User } from '../users.ts'
import type { Service } from './service-tokens.ts'

const DEFAULT_SCOPES: readonly Scope[] = ['read', 'write']

/** Whom a service acts for. A user who is made has the user name, which is else null. */
type Wanted = { id: string } | { issuer: string; subject: string; username: string | null; email: string | null }

/** What a service asks for. `scopes` null: read and write, as far as its token has them. */
export interface Exchange {
  wanted: Wanted
  scopes: Scope[] | null
  lifetimeSeconds: number
}

/** Throws `issuer_not_allowed`, `insufficient_scope`, `not_found`, `user_inactive` or `email_taken`. */
export async function delegationFor(
  database: Database,
  actor: Actor,
  service: Service,
  { wanted, scopes: asked, lifetimeSeconds }: Exchange,
): Promise<Delegation> {
  const askedAt = now()
  // Before anybody is looked for: the answer must not tell whether the user exists.
  if ('issuer' in wanted && !service.issuers.includes(wanted.issuer)) {
    const message = 'This service token does not list that issuer, so it acts for none of its users.'
    throw new Failure('issuer_not_allowed', message)
  }
  const scopes = scopesWithin(service, asked)
  const act: Act = { type: 'service', id: service.id, name: service.name }
  const user = await findWanted(database, { ...actor, via: 'service_token', act }, service, wanted)
  if (!user) throw notFound('user')
  if (!user.active) throw new Failure('user_inactive', 'This user was deactivated.')
  return { service, userId: user.id, scopes, askedAt, lifetimeSeconds }
}

function scopesWithin({ scopes: own }: Service, asked: Scope[] | null): Scope[] {
  const has = (scope: Scope) => own.some((name) => name === scope)
  const scopes = asked ?? DEFAULT_SCOPES.filter(has)
  const missing = scopes.length === 0 ? 'read' : scopes.find((scope) => !has(scope))
  if (missing) throw insufficientScope(missing)
  return scopes
}

async function findWanted(
  database: Database,
  actor: Actor,
  { scopes }: Service,
  wanted: Wanted,
): Promise<User | undefined> {
  if ('id' in wanted) return findUser(database, wanted.id)
  const { username, email, ...identity } = wanted
  const known = await findUserByIdentity(database, identity)
  if (known || username === null) return known
  if (!scopes.includes('users:create')) throw insufficientScope('users:create')
  return findOrAddUser(database, actor, identity, { username, email })
}
