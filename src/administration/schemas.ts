// The JSON of administrators' routes. Each schema names what may leave: no token, hash or secret is among it.

import { Type } from 'typebox'
import type { Identity } from '../accounts/identities/identities.ts'
import { IdentitySchema, identityJson } from '../accounts/identities/schemas.ts'
import { ROLES } from '../accounts/roles.ts'
import { accountJson, UserSchema } from '../accounts/schemas.ts'
import type { User } from '../accounts/users.ts'
import type { Event } from '../audit/events.ts'
import { EventSchema, eventJson } from '../audit/schemas.ts'
import { IntegrationSchema, ScmTypeSchema } from '../integrations/schemas.ts'
import { NullableString, nullable, Owner, oneOf, Time } from '../schemas.ts'

export const RoleSchema = oneOf(ROLES, { title: 'Role' })

export const AccountSchema = Type.Object(
  {
    ...UserSchema.properties,
    role: RoleSchema,
    active: Type.Boolean(),
    identities: Type.Array(IdentitySchema),
  },
  { title: 'Account' },
)

export function administratedJson(user: User, identities: Identity[] = []) {
  return { ...accountJson(user), identities: identities.map(identityJson) }
}

const { access_token: _never, ...integrationMembers } = IntegrationSchema.properties
/** A link without its token. */
export const LinkSchema = Type.Object(integrationMembers, { title: 'AdministratedIntegration' })

export const TrailEventSchema = Type.Object(
  { ...EventSchema.properties, user: nullable(Owner, { description: 'null: about no account.' }) },
  { title: 'TrailEvent' },
)

/** `user`: the present one; null when it was removed, or there was none. */
export function trailEventJson(event: Event, user: User | undefined) {
  const { userId, username } = event
  const owner = { id: userId ?? '', email: user?.email ?? null, username: user?.username ?? username ?? '' }
  return eventJson(event, userId === null ? null : owner)
}

export const ReportSchema = Type.Object(
  {
    integrations: Type.Array(
      Type.Object({
        scm_type: ScmTypeSchema,
        url: Type.String(),
        username: Type.String(),
        token: oneOf(['revoked', 'pending', 'pasted'], {
          description:
            '`pending`: the platform is asked again. `pasted`: only the person can revoke it, at `revoke_url`.',
        }),
        revoke_url: NullableString,
      }),
    ),
    tokens: Type.Integer({ description: 'How many API tokens ended.' }),
    sessions: Type.Integer({ description: 'How many sessions ended.' }),
  },
  { title: 'DeactivationReport' },
)

const Count = Type.Integer()
const UnlessMany = nullable(Type.Integer(), { description: 'null: more than 10,000.' })

export const OverviewSchema = Type.Object(
  {
    counted_at: Time,
    users: Type.Object({ total: Count, inactive: Count, administrators: Count }),
    integrations: Type.Object({
      total: Count,
      by_status: Type.Record(Type.String(), Count),
      by_type: Type.Record(Type.String(), Count),
    }),
    refreshes: Type.Object({ since: Time, succeeded: UnlessMany, expired: UnlessMany }),
    revocations: Type.Object({ pending: UnlessMany }),
    hosts_in_trouble: Type.Array(
      Type.Object({
        url: Type.String(),
        accounts: nullable(Type.Integer(), { description: 'For how many it is not called; null: for all.' }),
        retry_after: Type.Integer({ description: 'Seconds until it is tried again.' }),
      }),
    ),
    keys: Type.Array(Type.Object({ id: Type.String(), newest: Type.Boolean() })),
  },
  { title: 'Overview' },
)
