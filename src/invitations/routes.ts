// The route of administrators that gives a user a link to set a password.

import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { administratorActor, requireSession } from '../accounts/callers/administrators.ts'
import { confirmed } from '../accounts/sessions/sessions.ts'
import { findUser, type User } from '../accounts/users.ts'
import { notFound } from '../failure.ts'
import { answers, IdParams } from '../http/schemas.ts'
import type { App } from '../http/server.ts'
import { invite } from './invite.ts'
import { InvitationSchema, invitationJson } from './schemas.ts'
import type { Services } from './services.ts'

/** The link lets whoever has it sign in: for an administrator's account that is the same as making an administrator. */
function checkMaker(request: FastifyRequest, user: User): void {
  if (user.role !== 'admin') return
  requireSession(request)
  confirmed(request)
}

/** Routes on an `app` that has authenticated an administrator. */
export function invitationRoutes(app: App, services: Services): void {
  app.post(
    '/v1/admin/users/:id/invitation',
    {
      schema: {
        operationId: 'inviteUser',
        failures: ['admin_required', 'user_inactive', 'not_found', 'conflict', 'mail_unavailable'],
        summary: 'Give a user a link to set a password, for one use within 24 hours',
        description:
          'Mailed where mail is set up and the user has an e-mail address, else shown. It replaces an earlier one.',
        tags: ['Administration'],
        params: IdParams,
        response: answers(201, Type.Object({ invitation: InvitationSchema })),
      },
    },
    async (request, reply) => {
      const user = await findUser(services.database, request.params.id)
      if (!user) throw notFound('user')
      checkMaker(request, user)
      const invited = await invite(services, administratorActor(request, user.id), user)
      return reply.status(201).send({ invitation: invitationJson(invited) })
    },
  )
}
