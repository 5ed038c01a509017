// POST /v1/tokens/exchange: an API token, or a service token with the user it acts for, against a JWT.

import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { Failure, invalid } from '../../failure.ts'
import { type FieldChecks, readBody } from '../../http/body.ts'
import { answers } from '../../http/schemas.ts'
import type { App } from '../../http/server.ts'
import { actorOf } from '../actor.ts'
import { authenticateApiToken, readBasic } from '../authenticate.ts'
import { LIFETIME_SECONDS } from '../bearer.ts'
import { insufficientScope, type Scope } from '../scopes.ts'
import type { Services } from '../services.ts'
import { scopesProblem } from '../token-fields.ts'
import { emailProblem, MAX_EMAIL_LENGTH, USERNAME, usernameProblem } from '../users.ts'
import { checkServiceToken, type ServiceGuards } from './authenticate-service.ts'
import { delegationFor, type Exchange } from './exchange.ts'
import { identityTextProblem, MAX_ISSUER_LENGTH, MAX_SUBJECT_LENGTH } from './fields.ts'
import { SERVICE_PREFIX } from './service-tokens.ts'

const MIN_LIFETIME_SECONDS = 300

/** A member that may be absent or null, and is checked by a function of its own. */
function optional<T>(described: object, description: string) {
  return Type.Optional(Type.Unsafe<T | null>({ description, described }))
}

function text(description: string, described: object = {}) {
  return optional<string>({ type: ['string', 'null'], ...described }, description)
}

const userMembers = {
  id: text('The user by id; alone.'),
  issuer: text('Who knows the user by `subject`: one of those that the token lists.', { maxLength: MAX_ISSUER_LENGTH }),
  subject: text('The user’s id there.', { maxLength: MAX_SUBJECT_LENGTH }),
  username: text('Makes the user when there is none; made unique. Needs the scope users:create.', {
    pattern: USERNAME.source,
  }),
  email: text('Of a user who is made; nobody else may have it.', { format: 'email', maxLength: MAX_EMAIL_LENGTH }),
}
const grantMembers = {
  scopes: optional<Scope[]>(
    { type: ['array', 'null'], items: { type: 'string' }, minItems: 1, uniqueItems: true },
    'What the JWT may do, of the scopes of the token; without it, read and write as far as the token has them.',
  ),
  expires_in: optional<number>(
    { type: ['integer', 'null'], minimum: MIN_LIFETIME_SECONDS, maximum: LIFETIME_SECONDS },
    `Seconds, ${MIN_LIFETIME_SECONDS} to ${LIFETIME_SECONDS}, which is the default.`,
  ),
}
const Fields = Type.Object({ ...userMembers, ...grantMembers })

const ExchangeBody = Type.Object(
  { user: Type.Optional(Type.Object(userMembers)), ...grantMembers },
  { title: 'Exchange', description: 'Only with a service token, which is exchanged for a user.' },
)

const checks: FieldChecks<Static<typeof Fields>> = {
  id: textProblem(() => undefined),
  issuer: textProblem((issuer) => identityTextProblem(issuer, MAX_ISSUER_LENGTH)),
  subject: textProblem((subject) => identityTextProblem(subject, MAX_SUBJECT_LENGTH)),
  username: textProblem(usernameProblem),
  email: textProblem(emailProblem),
  scopes: scopesProblem,
  expires_in: (seconds) =>
    Number.isInteger(seconds) && seconds >= MIN_LIFETIME_SECONDS && seconds <= LIFETIME_SECONDS
      ? undefined
      : `must be a whole number of seconds from ${MIN_LIFETIME_SECONDS} to ${LIFETIME_SECONDS}`,
}

function textProblem(problem: (text: string) => string | undefined): (value: unknown) => string | undefined {
  return (value) => (typeof value === 'string' ? problem(value) : 'must be a string')
}

export function exchangeRoutes(app: App, services: Services, guards: ServiceGuards): void {
  const { database } = services

  app.post(
    '/v1/tokens/exchange',
    {
      schema: {
        operationId: 'exchangeToken',
        failures: [
          'not_found',
          'insufficient_scope',
          'user_required',
          'issuer_not_allowed',
          'user_inactive',
          'email_taken',
        ],
        summary: 'Exchange an API token for a bearer token of one hour',
        description:
          'Basic credentials with an empty user name and the API token as password. With a service token, the body names the user to act for.',
        tags: ['Tokens'],
        security: [{ apiToken: [] }],
        body: ExchangeBody,
        response: answers(200, Type.Object({ token: Type.String() })),
      },
    },
    async (request) => {
      const token = readBasic(request)?.password ?? ''
      if (token.startsWith(SERVICE_PREFIX)) return { token: await exchangeForUser(request, token) }
      const apiToken = await authenticateApiToken(database, guards.loginThrottle, request)
      guards.limitRate(apiToken.userId)
      // An API token is its owner's: a program that asks for somebody else must not get a JWT of the owner.
      if (namesUser(request.body)) throw insufficientScope('users:act')
      return { token: await guards.bearer.sign(apiToken) }
    },
  )

  async function exchangeForUser(request: FastifyRequest, token: string): Promise<string> {
    const service = await checkServiceToken(database, guards, request, token)
    if (!namesUser(request.body)) {
      const message = 'A service token is exchanged for a user: name one, as {"user":{"issuer":"…","subject":"…"}}.'
      throw new Failure('user_required', message)
    }
    if (!service.scopes.includes('users:act')) throw insufficientScope('users:act')
    const exchange = readExchange(request.body)
    return guards.bearer.signDelegation(await delegationFor(database, actorOf(request), service, exchange))
  }
}

/** Whether the body asks for a token of somebody whom it names. */
function namesUser(body: unknown): body is { user: unknown } {
  return typeof body === 'object' && body !== null && 'user' in body && body.user !== null && body.user !== undefined
}

/** Throws `invalid`. */
function readExchange(body: { user: unknown; scopes?: unknown; expires_in?: unknown }): Exchange {
  const { user, scopes: besideScopes, expires_in: besideSeconds } = body
  const isObject = typeof user === 'object' && !Array.isArray(user)
  // A limit that was written within `user` is meant all the same, and must not be passed over.
  const members = isObject ? { scopes: besideScopes, expires_in: besideSeconds, ...user } : user
  const fields = readBody({ user: members }, 'user', Fields, checks)
  const { id, issuer, subject, username, email, scopes, expires_in } = fields
  const rest = { scopes: scopes ?? null, lifetimeSeconds: expires_in ?? LIFETIME_SECONDS }
  if (typeof id === 'string') {
    if (issuer || subject) throw invalid({ id: ['stands alone: name the user by id, or by issuer and subject'] })
    return { wanted: { id }, ...rest }
  }
  if (issuer && subject) {
    return { wanted: { issuer, subject, username: username ?? null, email: email ?? null }, ...rest }
  }
  throw invalid({ ...(!issuer && { issuer: ['is missing'] }), ...(!subject && { subject: ['is missing'] }) })
}
