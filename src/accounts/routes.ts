// The API's routes for accounts: the caller's own user, and the regions.

import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { notFound } from '../failure.ts'
import type { FieldChecks } from '../http/body.ts'
import { readBody } from '../http/body.ts'
import { answers, IdParams } from '../http/schemas.ts'
import type { App } from '../http/server.ts'
import { nullable } from '../schemas.ts'
import { actorOf } from './actor.ts'
import { UserSchema, userJson } from './schemas.ts'
import type { Services } from './services.ts'
import { confirmed } from './sessions/sessions.ts'
import {
  avatarUrlProblem,
  emailProblem,
  fullNameProblem,
  MAX_AVATAR_URL_LENGTH,
  MAX_EMAIL_LENGTH,
  MAX_FULL_NAME_LENGTH,
  USERNAME,
  updateUser,
  usernameProblem,
} from './users.ts'

const UserInput = Type.Object({
  email: Type.Optional(Type.String({ described: { format: 'email', maxLength: MAX_EMAIL_LENGTH } })),
  username: Type.Optional(Type.String({ described: { pattern: USERNAME.source } })),
  fullname: Type.Optional(
    nullable(Type.String({ described: { maxLength: MAX_FULL_NAME_LENGTH } }), {
      description: 'Your name; null: you are called by your user name.',
    }),
  ),
  avatar_url: Type.Optional(
    nullable(Type.String({ described: { format: 'uri', maxLength: MAX_AVATAR_URL_LENGTH } }), {
      description: 'The public https address of a PNG, JPEG, GIF or WebP of at most 256 KiB; null: no picture.',
    }),
  ),
  password: Type.Optional(
    Type.String({ description: 'Refused: the dashboard changes it, and asks for the present one.' }),
  ),
})
const userChecks: FieldChecks<Static<typeof UserInput>> = {
  email: emailProblem,
  username: usernameProblem,
  fullname: fullNameProblem,
  avatar_url: avatarUrlProblem,
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
    const { email, username, fullname, avatar_url } = readBody(request.body, 'user', UserInput, userChecks)
    if (email !== undefined || username !== undefined) confirmed(request)
    const changes = { email, username, fullName: fullname, avatarUrl: avatar_url }
    return { user: userJson(await updateUser(database, actorOf(request), request.user, changes)) }
  }
  const changeSchema = {
    summary: 'Change your e-mail address, user name, name or picture',
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
