// What our own pages ask about the session they run in; not a part of the API.

import { Type } from 'typebox'
import { Failure, invalid } from '../failure.ts'
import type { Attempts } from '../http/attempts.ts'
import { readBody } from '../http/body.ts'
import { answers, NoContent } from '../http/schemas.ts'
import type { App } from '../http/server.ts'
import type { Services } from '../services.ts'
import { actorOf } from './actor.ts'
import { checkPassword } from './authenticate.ts'
import { changePassword } from './change-password.ts'
import { passwordProblem } from './passwords.ts'
import { setSessionCookie } from './session-cookie.ts'
import { UserOnWire, userOnWire } from './wire.ts'

const Platform = Type.Object({ configured: Type.Boolean(), url: Type.String() })
const SessionOnWire = Type.Object({
  user: UserOnWire,
  csrf_token: Type.String({ description: 'Goes with every write, as X-CSRF-Token.' }),
  public_url: Type.String(),
  oauth: Type.Object({ github: Platform, gitlab: Platform }),
})
const PasswordInput = Type.Object({ current: Type.String(), new: Type.String() })

/** Routes of a session; `app` has authenticated it. */
export function sessionRoutes(app: App, services: Services, attempts: Attempts): void {
  const { config, database } = services

  function platform(name: 'github' | 'gitlab') {
    return { configured: config[name].clientId !== null, url: config[name].url }
  }

  app.get(
    '/session',
    { schema: { hide: true, response: answers(200, Type.Object({ session: SessionOnWire })) } },
    async ({ user, session }) => ({
      session: {
        user: userOnWire(user),
        csrf_token: session?.csrfToken ?? '',
        public_url: config.publicUrl,
        oauth: { github: platform('github'), gitlab: platform('gitlab') },
      },
    }),
  )

  app.put(
    '/session/password',
    { schema: { hide: true, response: answers(204, NoContent) } },
    async (request, reply) => {
      const { user } = request
      const input = readBody(request.body, 'password', PasswordInput, { new: passwordProblem })
      try {
        await checkPassword(database, attempts, request, { login: user.email, password: input.current })
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== 'unauthorized') throw error
        throw invalid({ current: ['is not your present password'] })
      }
      const id = await changePassword(database, actorOf(request), user.id, input.new, { stays: true })
      setSessionCookie(config, reply, id)
      return reply.status(204).send(null)
    },
  )
}
