// The routes of administrators for accounts: list, make, show, change, remove.

import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { administratorActor, requireSession } from '../accounts/callers/administrators.ts'
import type { IdentityKey } from '../accounts/identities/identities.ts'
import { ROLES } from '../accounts/roles.ts'
import { identityTextProblem, MAX_ISSUER_LENGTH } from '../accounts/service-tokens/fields.ts'
import { confirmed } from '../accounts/sessions/sessions.ts'
import { emailProblem, MAX_EMAIL_LENGTH, USERNAME, type User, usernameProblem } from '../accounts/users.ts'
import type { Role } from '../database/account-tables.ts'
import { invalid } from '../failure.ts'
import { type FieldChecks, readBody } from '../http/body.ts'
import { PageQuery } from '../http/pagination.ts'
import { answers, IdParams, NoContent } from '../http/schemas.ts'
import type { App } from '../http/server.ts'
import type { Services } from '../integrations/services.ts'
import type { Revoker } from '../integrations/tokens/revoker.ts'
import { removeUserAndUnlink } from '../integrations/unlink.ts'
import { oneOf } from '../schemas.ts'
import { choice, readFilters, textUpTo } from './filters.ts'
import { FORBIDDEN, listAnswer, metaOf, readListPage } from './list-routes.ts'
import { AccountSchema, administratedJson, ReportSchema, RoleSchema } from './schemas.ts'
import { addAccount, changeAccount, getUser, identitiesOf, listUsers, type UserFilter } from './users.ts'

const MAX_SUBJECT_LENGTH = 255
const MAX_IDENTITIES = 20

const Email = Type.Unsafe<string | null>({
  description: 'null: none is known.',
  examples: ['ada@example.com'],
  described: { type: ['string', 'null'], format: 'email', maxLength: MAX_EMAIL_LENGTH },
})
const Username = Type.String({ described: { pattern: USERNAME.source } })
const RoleInput = Type.Unsafe<Role>({
  description: '`admin` only in the session of an administrator.',
  examples: ['member'],
  described: { $ref: '#/components/schemas/Role' },
})

const AccountInput = Type.Object({
  email: Type.Optional(Email),
  username: Username,
  role: Type.Optional(RoleInput),
  identities: Type.Optional(
    Type.Unsafe<IdentityKey[]>({
      description: 'Who the user is at which issuers.',
      examples: [[{ issuer: 'https://paas.example', subject: '42' }]],
      described: {
        type: 'array',
        maxItems: MAX_IDENTITIES,
        items: Type.Object({ issuer: Type.String(), subject: Type.String() }),
      },
    }),
  ),
})
const AccountChange = Type.Object({
  email: Type.Optional(Email),
  username: Type.Optional(Username),
  role: Type.Optional(RoleInput),
  active: Type.Optional(Type.Boolean({ description: 'false: the user leaves.' })),
})
const AccountAnswer = Type.Object({ user: AccountSchema }, { title: 'AccountAnswer' })
const ChangeAnswer = Type.Object(
  { user: AccountSchema, meta: Type.Optional(Type.Object({ report: ReportSchema })) },
  { title: 'AccountChangeAnswer' },
)

function emailInputProblem(email: unknown): string | undefined {
  return typeof email === 'string' ? emailProblem(email) : 'must be a string or null'
}

function roleProblem(role: unknown): string | undefined {
  return ROLES.some((known) => known === role) ? undefined : `must be one of ${ROLES.join(', ')}`
}

function identitiesProblem(identities: unknown): string | undefined {
  if (!Array.isArray(identities) || identities.length > MAX_IDENTITIES) {
    return `must be a list of at most ${MAX_IDENTITIES}`
  }
  for (const identity of identities) {
    for (const [member, maxLength] of Object.entries({ issuer: MAX_ISSUER_LENGTH, subject: MAX_SUBJECT_LENGTH })) {
      const text: unknown = identity?.[member]
      if (typeof text !== 'string') return `must each have the text "${member}"`
      const problem = identityTextProblem(text, maxLength)
      if (problem) return `has one whose ${member} ${problem}`
    }
  }
  return undefined
}

const changeChecks: FieldChecks<{ email?: string | null; username?: string; role?: Role }> = {
  email: emailInputProblem,
  username: usernameProblem,
  role: roleProblem,
}

/** Only a person who was there a moment ago makes administrators. */
function checkRole(request: FastifyRequest, role: Role | undefined): void {
  if (role !== 'admin') return
  requireSession(request)
  confirmed(request)
}

/** Links to set a password are mailed: whoever sets an administrator's address could wait for one, and sign in as them. */
function checkEmail(request: FastifyRequest, user: User, email: string | null | undefined): void {
  if (email === undefined || email === user.email) return
  checkRole(request, user.role)
}

const userFilters = {
  search: textUpTo(MAX_EMAIL_LENGTH),
  role: choice(ROLES),
  active: choice(['true', 'false']),
  issuer: textUpTo(MAX_ISSUER_LENGTH),
  subject: textUpTo(MAX_SUBJECT_LENGTH),
}

function readUserFilter(query: Record<string, unknown>): UserFilter {
  const { issuer, subject, search, ...filter } = readFilters(query, userFilters)
  if ((issuer === undefined) !== (subject === undefined)) {
    const missing = issuer === undefined ? 'issuer' : 'subject'
    throw invalid({ [missing]: ['is missing: an identity has an issuer and a subject'] })
  }
  // An empty search field finds everybody.
  const text = search ? { search } : {}
  return { ...filter, ...text, ...(issuer !== undefined && subject !== undefined && { identity: { issuer, subject } }) }
}

/** Routes on an `app` that has authenticated an administrator. */
export function administratedUserRoutes(app: App, services: Services, revoker: Revoker): void {
  listRoute(app, services)
  addRoute(app, services)
  showAndRemoveRoutes(app, services, revoker)
  changeRoute(app, services, revoker)
}

function listRoute(app: App, { database }: Services): void {
  app.get(
    '/v1/admin/users',
    {
      schema: {
        operationId: 'listUsers',
        failures: FORBIDDEN,
        summary: 'List the accounts, oldest first',
        tags: ['Administration'],
        querystring: Type.Object({
          ...PageQuery.properties,
          search: Type.Optional(Type.String({ description: 'Part of an e-mail address, user name or name.' })),
          role: Type.Optional(RoleSchema),
          active: Type.Optional(oneOf(['true', 'false'])),
          issuer: Type.Optional(Type.String({ description: 'With `subject`: who has this identity.' })),
          subject: Type.Optional(Type.String()),
        }),
        response: answers(200, listAnswer('users', AccountSchema)),
      },
    },
    async ({ query }) => {
      const page = readListPage(query)
      const found = await listUsers(database, page, readUserFilter(query))
      const identities = await identitiesOf(database, found.items)
      const users = found.items.map((user) => administratedJson(user, identities.get(user.id)))
      return { users, meta: metaOf(page, found) }
    },
  )
}

function addRoute(app: App, { database }: Services): void {
  app.post(
    '/v1/admin/users',
    {
      schema: {
        operationId: 'addUser',
        failures: [...FORBIDDEN, 'email_taken', 'conflict'],
        summary: 'Make an account',
        tags: ['Administration'],
        body: Type.Object({ user: AccountInput }),
        response: answers(201, AccountAnswer),
      },
    },
    async (request, reply) => {
      const checks = { ...changeChecks, identities: identitiesProblem }
      const {
        email = null,
        username,
        role = 'member',
        identities = [],
      } = readBody(request.body, 'user', AccountInput, checks)
      checkRole(request, role)
      const actor = administratorActor(request, null)
      const user = await database
        .transaction()
        .execute((transaction) => addAccount(transaction, actor, { email, username, role, identities }))
      const made = await identitiesOf(database, [user])
      return reply.status(201).send({ user: administratedJson(user, made.get(user.id)) })
    },
  )
}

function showAndRemoveRoutes(app: App, services: Services, revoker: Revoker): void {
  const { database } = services
  app.get(
    '/v1/admin/users/:id',
    {
      schema: {
        operationId: 'getUser',
        failures: [...FORBIDDEN, 'not_found'],
        summary: 'Show an account',
        tags: ['Administration'],
        params: IdParams,
        response: answers(200, AccountAnswer),
      },
    },
    async ({ params }) => {
      const user = await getUser(database, params.id)
      const identities = await identitiesOf(database, [user])
      return { user: administratedJson(user, identities.get(user.id)) }
    },
  )

  app.delete(
    '/v1/admin/users/:id',
    {
      schema: {
        operationId: 'removeUser',
        failures: [...FORBIDDEN, 'not_found', 'last_administrator'],
        summary: 'Remove an account with all that is its own; what OAuth obtained is revoked',
        tags: ['Administration'],
        params: IdParams,
        response: answers(204, NoContent),
      },
    },
    async (request, reply) => {
      const { id } = await getUser(database, request.params.id)
      await removeUserAndUnlink(services, administratorActor(request, id), id)
      revoker.wake()
      return reply.status(204).send(null)
    },
  )
}

function changeRoute(app: App, services: Services, revoker: Revoker): void {
  const { database } = services
  app.patch(
    '/v1/admin/users/:id',
    {
      schema: {
        operationId: 'changeUser',
        failures: [...FORBIDDEN, 'not_found', 'email_taken', 'conflict', 'last_administrator'],
        summary: 'Change an account: its role, whether it is active, e-mail address, user name',
        description:
          'Deactivating ends sessions, API tokens and links for good, revokes what OAuth obtained, and answers with a report.',
        tags: ['Administration'],
        params: IdParams,
        body: Type.Object({ user: AccountChange }),
        response: answers(200, ChangeAnswer),
      },
    },
    async (request) => {
      const changes = readBody(request.body, 'user', AccountChange, changeChecks)
      checkRole(request, changes.role)
      const before = await getUser(database, request.params.id)
      checkEmail(request, before, changes.email)
      const { id } = before
      const changed = await changeAccount(services, revoker, administratorActor(request, id), id, changes)
      const report = await changed.report
      const identities = await identitiesOf(database, [changed.user])
      const user = administratedJson(changed.user, identities.get(id))
      return { user, ...(report && { meta: { report } }) }
    },
  )
}
