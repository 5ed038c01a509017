// The API's routes for identities: which accounts at other issuers are the caller's, and connecting one more.

import { Type } from 'typebox'
import { Failure, notFound } from '../../failure.ts'
import { answers, IdParams, NoContent } from '../../http/schemas.ts'
import type { App } from '../../http/server.ts'
import { publicPath } from '../../public-path.ts'
import { actorOf } from '../actor.ts'
import type { Services } from '../services.ts'
import { confirmed } from '../sessions/sessions.ts'
import { lockUser } from '../users.ts'
import { deleteIdentity, keepWayIn, listIdentities } from './identities.ts'
import { beginAttempt } from './oidc/flow.ts'
import { IdentitySchema, identityJson } from './schemas.ts'

/** Routes that need a known caller. */
export function identityRoutes(app: App, services: Services): void {
  const { database, oidc, passwordSignIn, publicUrl } = services

  app.get(
    '/v1/identities',
    {
      schema: {
        operationId: 'listIdentities',
        failures: ['forbidden_for_delegate'],
        summary: 'List your identities',
        description: 'Your accounts at the organisation’s provider and at other issuers, oldest first.',
        tags: ['Users'],
        response: answers(200, Type.Object({ identities: Type.Array(IdentitySchema) })),
      },
    },
    async ({ user }) => ({ identities: (await listIdentities(database, user.id)).map(identityJson) }),
  )

  app.post(
    '/v1/identities',
    {
      schema: {
        // Only in a session, so that it is no part of the described API.
        hide: true,
        response: answers(201, Type.Object({ identity: Type.Object({ url: Type.String({ format: 'uri' }) }) })),
      },
    },
    async (request, reply) => {
      const { session, user } = request
      if (session === null) {
        throw new Failure('session_required', 'This is for a session in a browser only: sign in to the dashboard.')
      }
      confirmed(request)
      if (!oidc) throw notFound('identity_provider')
      const browser = { hash: session.idHash, userId: user.id }
      const returnTo = publicPath(publicUrl, '/account')
      const url = await beginAttempt(services, oidc, browser, { purpose: 'connect', returnTo })
      return reply.status(201).send({ identity: { url } })
    },
  )

  app.delete(
    '/v1/identities/:id',
    {
      schema: {
        operationId: 'deleteIdentity',
        failures: ['forbidden_for_delegate', 'not_found', 'conflict'],
        summary: 'Remove an identity',
        description: 'Refused for the last way to sign in.',
        tags: ['Users'],
        params: IdParams,
        response: answers(204, NoContent),
      },
    },
    async (request, reply) => {
      const { user, params } = request
      const hasPassword = passwordSignIn && user.passwordHash !== null
      await database.transaction().execute(async (transaction) => {
        await lockUser(transaction, user.id)
        if (!hasPassword) await keepWayIn(transaction, user.id, params.id, oidc?.config.issuer ?? null)
        await deleteIdentity(transaction, actorOf(request), user.id, params.id)
      })
      return reply.status(204).send(null)
    },
  )
}
