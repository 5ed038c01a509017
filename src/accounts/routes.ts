// The API's routes for accounts: the caller's own user, and the regions.

import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { notFound } from '../failure.ts'
import type { FieldChecks } from '../http/body.ts'
import { readBody } from '../http/body.ts'
import { answers, IdParams } from '../http/schemas.ts'
import type { App } from '../http/server.ts'
import { actorOf } from './actor.ts'
import { UserSchema, userJson } from './schemas.ts'
import type { Services } from './services.ts'
import { confirmed } from './sessions/sessions.ts'
import { emailProblem, MAX_EMAIL_LENGTH, USERNAME, updateUser, usernameProblem } from './users.ts'

const UserInput = Type.Object({
  email: Type.Optional(Type.String({ described: { format: 'email', maxLength: MAX_EMAIL_LENGTH } })),
  username: Type.Optional(Type.String({ described: { pattern: USERNAME.source } })),
  password: Type.Optional(
    Type.String({ description: 'Refused: the dashboard changes it, and asks for the present one.' }),
  ),
})
const userChecks: FieldChecks<{ email?: string; username?: string; password?: string }> = {
  email: emailProblem,
  username: usernameProblem,
  // Some clients send it here, but a bearer token lives one hour and must not be enough to take over an account.
  password: () => 'is changed on the dashboard, with the present one beside it',
}
const UserAnswer = Type.Object({ user: UserSchema }, { title: 'UserAnswer' })

const Region = Type.Object(
  {
    name: Type.String(),
    display_name: Type.String(),
    api: Type.String({ format: 'uri' }),
    dashboard: Type.String({ format: 'uri' }),
    database_api: Type.String({ format: 'uri' }),
    ssh: Type.String(),
    default: Type.Boolean(),
  },
  { title: 'Region' },
)

/** Routes that need no bearer token. */
export function openAccountRoutes(app: App, { publicUrl }: Services): void {
  app.get(
    '/v1/regions',
    {
      schema: {
        operationId: 'listRegions',
        failures: [],
        summary: 'The one region, which is this server',
        tags: ['Users'],
        security: [],
        response: answers(200, Type.Object({ regions: Type.Array(Region) })),
      },
    },
    async () => ({
      regions: [
        {
          // The Terraform provider looks for its region by this name, and stops when it is missing.
          name: 'osc-fr1',
          display_name: 'Forgelink',
          api: publicUrl,
          dashboard: publicUrl,
          database_api: publicUrl,
          // Command-line clients send the user's keys to an address given here, so it is empty.
          ssh: '',
          default: true,
        },
      ],
    }),
  )
}

/** Routes that need a known caller. */
export function accountRoutes(app: App, { database }: Services): void {
  app.get(
    '/v1/users/self',
    {
      schema: {
        operationId: 'getSelf',
        failures: [],
        summary: 'Show yourself',
        tags: ['Users'],
        response: answers(200, UserAnswer),
      },
    },
    async (request) => ({ user: userJson(request.user) }),
  )

  async function changeSelf(request: FastifyRequest) {
    const { email, username } = readBody(request.body, 'user', UserInput, userChecks)
    confirmed(request)
    return { user: userJson(await updateUser(database, actorOf(request), request.user, { email, username })) }
  }
  const changeSchema = {
    summary: 'Change your e-mail address or user name',
    tags: ['Users'],
    body: Type.Object({ user: UserInput }, { title: 'UserChange' }),
    response: answers(200, UserAnswer),
    failures: ['not_found' as const],
  }
  const accountSchema = { ...changeSchema, operationId: 'updateAccount' }
  app.put('/v1/users/account', { schema: accountSchema }, (request) => changeSelf(request))
  const profileSchema = { ...changeSchema, operationId: 'updateProfile' }
  app.patch('/v1/account/profile', { schema: profileSchema }, (request) => changeSelf(request))
  const userSchema = { ...changeSchema, operationId: 'updateUser', params: IdParams }
  app.patch('/v1/users/:id', { schema: userSchema }, async (request) => {
    const { id } = request.user
    if (![id, id.replace(/^us-/, ''), 'self'].includes(request.params.id.toLowerCase())) throw notFound('user')
    return changeSelf(request)
  })
}
