// Routes that our own pages use for the session they run in; not part of the API.

import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Failure, invalid } from '../../failure.ts'
import { readBody } from '../../http/body.ts'
import { answers, NoContent } from '../../http/schemas.ts'
import type { App } from '../../http/server.ts'
import { nullable, oneOf } from '../../schemas.ts'
import { actorOf } from '../actor.ts'
import { checkPassword } from '../authenticate.ts'
import { changePassword } from '../change-password.ts'
import type { LoginThrottle } from '../login-throttle.ts'
import { passwordProblem } from '../passwords.ts'
import { ROLES } from '../roles.ts'
import { UserSchema, userJson } from '../schemas.ts'
import type { Services } from '../services.ts'
import { setDeviceCookie } from './device-cookie.ts'
import { PlatformSchema, platformsJson } from './platform-schemas.ts'
import { passwordOrigin, setSessionCookie } from './session-cookie.ts'
import { confirmSession } from './sessions.ts'

export const SessionSchema = Type.Object({
  user: UserSchema,
  role: oneOf(ROLES, { description: 'The `role` of a user is null, for the clients of the API.' }),
  csrf_token: Type.String({ description: 'Goes with every write, as X-CSRF-Token.' }),
  public_url: Type.String(),
  platforms: Type.Array(PlatformSchema),
  has_password: Type.Boolean({ description: 'Whether the user can confirm something with a password.' }),
  provider: nullable(Type.Object({ label: Type.String() }), { description: 'Where people sign in besides here.' }),
})
const PasswordInput = Type.Object({
  current: Type.String(),
  new: Type.String(),
  /** Whether API tokens end too, as the dashboard suggests; sessions always end. */
  end_others: Type.Optional(Type.Boolean()),
})
const ConfirmInput = Type.Object({ current: Type.String() })

/** Routes of a session, on an `app` that has authenticated it. */
export function sessionRoutes(app: App, services: Services, loginThrottle: LoginThrottle): void {
  const { database, oauth, oidc, passwordSignIn, publicUrl } = services

  app.get(
    '/session',
    { schema: { hide: true, response: answers(200, Type.Object({ session: SessionSchema })) } },
    async ({ user, session }) => ({
      session: {
        user: userJson(user),
        role: user.role,
        csrf_token: session?.csrfToken ?? '',
        public_url: publicUrl,
        platforms: platformsJson(oauth),
        has_password: passwordSignIn && user.passwordHash !== null,
        provider: oidc && { label: oidc.config.label },
      },
    }),
  )

  /** Throws `invalid` for a wrong password. */
  async function checkPresent(request: FastifyRequest, current: string): Promise<void> {
    if (!passwordSignIn) throw invalid({ current: ['is not taken: this server takes no passwords'] })
    try {
      await checkPassword(services, loginThrottle, request, { login: request.user.username, password: current })
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'unauthorized') throw error
      throw invalid({ current: ['is not your present password'] })
    }
  }

  // Some actions need the password again, given within the last five minutes.
  app.post(
    '/session/confirm',
    { schema: { hide: true, response: answers(204, NoContent) } },
    async (request, reply) => {
      const { current } = readBody(request.body, 'password', ConfirmInput)
      await checkPresent(request, current)
      if (request.session) await confirmSession(database, request.session)
      return reply.status(204).send(null)
    },
  )

  app.put(
    '/session/password',
    { schema: { hide: true, response: answers(204, NoContent) } },
    async (request, reply) => {
      const input = readBody(request.body, 'password', PasswordInput, { new: passwordProblem })
      await checkPresent(request, input.current)
      const cookies = await changePassword(services, actorOf(request), request.user.id, input.new, {
        stays: passwordOrigin(request),
        endsTokens: input.end_others ?? false,
      })
      if (cookies) {
        setSessionCookie(publicUrl, reply, cookies.session)
        setDeviceCookie(publicUrl, reply, cookies.device)
      }
      return reply.status(204).send(null)
    },
  )
}
