// The API's routes for the caller's sessions.

import { Type } from 'typebox'
import { answers, IdParams, NoContent } from '../../http/schemas.ts'
import type { App } from '../../http/server.ts'
import { NullableString, oneOf, Time, Uuid } from '../../schemas.ts'
import { actorOf } from '../actor.ts'
import type { Services } from '../services.ts'
import { endOwnSession, type ShownSession, sessionIdOf } from './own-sessions.ts'
import { listSessions } from './sessions.ts'

export const OwnSessionSchema = Type.Object(
  {
    id: Uuid,
    current: Type.Boolean({ description: 'Whether it is the one that asks.' }),
    began_by: oneOf(['password', 'oidc']),
    remote_ip: NullableString,
    user_agent: NullableString,
    created_at: Time,
    last_used_at: Time,
  },
  { title: 'Session' },
)

function sessionJson(session: ShownSession, currentHash: string | null) {
  return {
    id: sessionIdOf(session),
    current: session.idHash === currentHash,
    began_by: session.beganBy,
    remote_ip: session.remoteIp,
    user_agent: session.userAgent,
    created_at: session.createdAt,
    last_used_at: session.usedAt,
  }
}

/** Routes that need a known caller. */
export function ownSessionRoutes(app: App, { database }: Services): void {
  app.get(
    '/v1/sessions',
    {
      schema: {
        operationId: 'listSessions',
        failures: ['forbidden_for_delegate'],
        summary: 'List the browsers in which you are signed in',
        tags: ['Users'],
        response: answers(200, Type.Object({ sessions: Type.Array(OwnSessionSchema) })),
      },
    },
    async ({ user, session }) => {
      const sessions = await listSessions(database, user.id)
      return { sessions: sessions.map((each) => sessionJson(each, session?.idHash ?? null)) }
    },
  )

  app.delete(
    '/v1/sessions/:id',
    {
      schema: {
        operationId: 'deleteSession',
        failures: ['forbidden_for_delegate', 'not_found'],
        summary: 'Sign out a browser',
        tags: ['Users'],
        params: IdParams,
        response: answers(204, NoContent),
      },
    },
    async (request, reply) => {
      await endOwnSession(database, actorOf(request), request.user.id, request.params.id)
      return reply.status(204).send(null)
    },
  )
}
