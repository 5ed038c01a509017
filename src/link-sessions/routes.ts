// The routes of link sessions for the platform in front: make one, show it, complete it.

import type { FastifyRequest } from 'fastify'
import { type Static, Type } from 'typebox'
import { actorOf } from '../accounts/actor.ts'
import type { Act } from '../audit/events.ts'
import { Failure } from '../failure.ts'
import { type FieldChecks, readBody } from '../http/body.ts'
import { answers, IdParams } from '../http/schemas.ts'
import type { App } from '../http/server.ts'
import { IntegrationAnswer, integrationJson } from '../integrations/schemas.ts'
import type { Services } from '../integrations/services.ts'
import { MAX_URL_LENGTH, readAnyPlatformUrl, readPlatformUrl } from '../platforms/platform-url.ts'
import { isOAuthScmType, isScmType, SCM_TYPES, type ScmType, scmTypes } from '../platforms/scm-types.ts'
import { listOf } from '../text.ts'
import { completeLinkSession } from './complete.ts'
import { createLinkSession, getLinkSession } from './link-sessions.ts'
import { returnUrlProblem } from './return-url.ts'
import { LinkSessionSchema, linkSessionJson, NewLinkSessionSchema, newLinkSessionJson } from './schemas.ts'

function optionalText(description: string, described: object, examples: string[]) {
  const schema = { description, examples, described: { type: ['string', 'null'], ...described } }
  return Type.Optional(Type.Unsafe<string | null>(schema))
}

const LinkSessionInput = Type.Object({
  scm_type: optionalText('What to link; without it, the person chooses.', { enum: [...SCM_TYPES, null] }, ['github']),
  url: optionalText('Of a self-hosted platform; without it, the person types it.', { maxLength: MAX_URL_LENGTH }, []),
  return_url: Type.String({
    description: 'Where the browser goes back to. It begins like an entry of RETURN_URLS.',
    examples: ['https://paas.example/account/linked'],
    described: { format: 'uri', maxLength: 2048 },
  }),
})
const CompleteInput = Type.Object({
  code: Type.String({ description: 'From the query of the return_url.', minLength: 1, maxLength: 200 }),
})

/** Routes on an `app` that has authenticated the user or whoever acts for them. */
export function linkSessionRoutes(app: App, services: Services, returnUrls: string[]): void {
  const { database, oauth, transport, publicUrl } = services

  function scmTypeProblem(scmType: unknown): string | undefined {
    if (!isScmType(scmType)) return `must be ${listOf(SCM_TYPES, 'or')}`
    if (!isOAuthScmType(scmType) || oauth[scmType].application) return undefined
    return `${scmType} cannot be linked, since the operator of this server has set up no OAuth application there`
  }

  function urlProblem(url: unknown, { scm_type: scmType }: Record<string, unknown>) {
    if (typeof url !== 'string') return 'must be a string'
    if (!isScmType(scmType)) return problemIn(readAnyPlatformUrl(url, transport.policy, publicUrl))
    const { label, oauth: isHosted } = scmTypes[scmType]
    if (isHosted) return `is only for platforms that are hosted by others than ${label}: leave it out`
    return problemIn(readPlatformUrl(scmType, url, transport.policy, publicUrl))
  }

  function problemIn(address: ReturnType<typeof readAnyPlatformUrl>) {
    if (!('problem' in address)) return undefined
    if (address.logged) services.log('scm_address_refused', address.logged)
    return address
  }

  const checks: FieldChecks<Static<typeof LinkSessionInput>> = {
    scm_type: scmTypeProblem,
    url: urlProblem,
    return_url: (text) => returnUrlProblem(text, returnUrls),
  }

  app.post(
    '/v1/link_sessions',
    {
      schema: {
        operationId: 'createLinkSession',
        failures: ['delegate_required'],
        summary: 'Make a link session: a page where the user’s browser links an account',
        description: 'With a JWT that a service was given for the user, or one of a trusted issuer.',
        tags: ['Link sessions'],
        body: Type.Object({ link_session: LinkSessionInput }),
        response: answers(201, Type.Object({ link_session: NewLinkSessionSchema }, { title: 'NewLinkSessionAnswer' })),
      },
    },
    async (request, reply) => {
      const maker = requireAct(request)
      const { scm_type, url, return_url } = readBody(request.body, 'link_session', LinkSessionInput, checks)
      const input = {
        scmType: (scm_type ?? null) as ScmType | null,
        url: url ?? null,
        returnUrl: new URL(return_url).href,
      }
      const session = await database
        .transaction()
        .execute((transaction) => createLinkSession(transaction, request.user.id, maker, input))
      return reply.status(201).send({ link_session: newLinkSessionJson(session, publicUrl) })
    },
  )

  app.get(
    '/v1/link_sessions/:id',
    {
      schema: {
        operationId: 'getLinkSession',
        failures: ['not_found', 'delegate_required'],
        summary: 'Show how far a link session is',
        tags: ['Link sessions'],
        params: IdParams,
        response: answers(200, Type.Object({ link_session: LinkSessionSchema }, { title: 'LinkSessionAnswer' })),
      },
    },
    async (request) => {
      requireBearer(request)
      return { link_session: linkSessionJson(await getLinkSession(database, request.user.id, request.params.id)) }
    },
  )

  completeRoute(app, services)

  /** Throws `delegate_required` for the users themselves. */
  function requireAct({ grant }: FastifyRequest): Act {
    if (grant?.act) return grant.act
    const message = `Only whoever acts for a user makes link sessions: a service that has exchanged its token for the user at POST /v1/tokens/exchange, or a trusted issuer. You yourself link accounts at ${publicUrl}/profile`
    throw new Failure('delegate_required', message)
  }
}

/** A browser's session neither sees link sessions nor completes them: it may belong to somebody else. */
function requireBearer({ grant }: FastifyRequest): void {
  if (grant) return
  const message = 'Link sessions are shown and completed with a JWT for the user only, not in the dashboard.'
  throw new Failure('delegate_required', message)
}

function completeRoute(app: App, services: Services): void {
  const { database } = services

  app.post(
    '/v1/link_sessions/:id/complete',
    {
      schema: {
        operationId: 'completeLinkSession',
        failures: ['not_found', 'delegate_required', 'wrong_code', 'conflict'],
        summary: 'Complete a link session with the code that came with its browser',
        description:
          'Only for the user who is signed in where that browser came back to: until then, nothing is linked.',
        tags: ['Link sessions'],
        params: IdParams,
        body: Type.Object({ link_session: CompleteInput }),
        response: answers(200, IntegrationAnswer),
      },
    },
    async (request) => {
      requireBearer(request)
      const { user, params } = request
      await getLinkSession(database, user.id, params.id)
      const { code } = readBody(request.body, 'link_session', CompleteInput)
      const completion = { id: params.id, code }
      const integration = await completeLinkSession(services, actorOf(request), user.id, completion)
      return { scm_integration: integrationJson(integration, user) }
    },
  )
}
