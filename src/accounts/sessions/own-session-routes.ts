// The API's routes for the caller's sessions.

import { Type } from 'typebox'
import { answers, IdParams, NoContent } from '../../http/schemas.ts'
import type { App } from '../../http/server.ts'
import { actorOf } from '../actor.ts'
import type { Services } from '../services.ts'
import { endListedSession, listSessions, SessionSchema, sessionJson } from './listed-sessions.ts'

export const OwnSessionSchema = Type.Object(
  { ...SessionSchema.properties, current: Type.Boolean({ description: 'Whether it is the one that asks.' }) },
  { title: 'OwnSession' },
)

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
      return { sessions: sessions.map((each) => ({ ...sessionJson(each), current: each.idHash === session?.idHash })) }
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
      await database
        .transaction()
        .execute((transaction) => endListedSession(transaction, actorOf(request), request.user.id, request.params.id))
      return reply.status(204).send(null)
    },
  )
}
