// The routes of integrations: list, show, link, replace the token, unlink, import keys, health.

import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { actorOf } from '../accounts/actor.ts'
import { invalid } from '../failure.ts'
import { type FieldProblem, readBody } from '../http/body.ts'
import { PLATFORM_FAILURES, PLATFORM_TROUBLE } from '../http/failure-schemas.ts'
import { CutMeta, cutAt } from '../http/pagination.ts'
import { answers, IdParams, NoContent } from '../http/schemas.ts'
import type { App } from '../http/server.ts'
import { MAX_URL_LENGTH, readAnyPlatformUrl, readPlatformUrl } from '../platforms/platform-url.ts'
import type { ScmType } from '../platforms/scm-types.ts'
import { isScmType, SCM_TYPES, SELF_HOSTED_SCM_TYPES, scmTypes } from '../platforms/scm-types.ts'
import { KeySchema, keyJson } from '../ssh-keys/schemas.ts'
import { listOf } from '../text.ts'
import type { HealthChecks } from './health.ts'
import { HealthSchema } from './health.ts'
import { linkPage } from './hints.ts'
import { importKeys } from './import-keys.ts'
import type { Integration } from './integrations.ts'
import { getIntegration, listIntegrations } from './integrations.ts'
import { accessTokenProblem, link, relink, TOKEN_FORM } from './link.ts'
import { recordLinkError } from './link-errors.ts'
import { IntegrationAnswer, IntegrationSchema, integrationJson, SkippedKey } from './schemas.ts'
import type { Services } from './services.ts'
import { findAccess } from './tokens/pair.ts'
import type { Revoker } from './tokens/revoker.ts'
import { unlink } from './unlink.ts'

const AccessToken = Type.String({
  description: 'A personal access token made on the platform.',
  described: TOKEN_FORM,
})
const LinkInput = Type.Object({
  scm_type: Type.String({
    examples: ['gitlab-self-hosted'],
    described: { enum: SCM_TYPES.filter((scmType) => !scmTypes[scmType].oauth) },
  }),
  url: Type.String({
    examples: ['https://gitlab.example.com'],
    described: { format: 'iri', maxLength: MAX_URL_LENGTH },
  }),
  access_token: AccessToken,
})
const RelinkInput = Type.Object({ access_token: AccessToken })
const ListQuery = Type.Object({ scm_type: Type.Optional(Type.String()), url: Type.Optional(Type.String()) })

export interface IntegrationParts {
  revoker: Revoker
  healthChecks: HealthChecks
  /** Whether bearer tokens with the right scope may see the platforms' tokens. */
  exposeAccessTokens: boolean
}

export function integrationRoutes(app: App, services: Services, parts: IntegrationParts): void {
  const { revoker, healthChecks, exposeAccessTokens } = parts
  const { database, transport, tokenShowings, limits, publicUrl } = services

  function scmTypeProblem(scmType: string): string | FieldProblem | undefined {
    if (!isScmType(scmType)) return `must be ${listOf(SELF_HOSTED_SCM_TYPES, 'or')}`
    const { label, oauth } = scmTypes[scmType]
    if (!oauth) return undefined
    const url = linkPage(publicUrl, { scmType })
    return {
      problem: `${scmType} is linked on the profile page, by signing in to ${label}: ${url}`,
      hint: { action: 'link', field: 'scm_type', url },
    }
  }

  function readAddress(scmType: ScmType, url: string) {
    return readPlatformUrl(scmType, url, transport.policy, publicUrl)
  }

  /** Throws `invalid` with every wrong member. When our policy forbids the address, an event is recorded. */
  async function readLink(request: FastifyRequest) {
    const problems: { scmType: ScmType | null; webUrl: string }[] = []

    /** When the type is missing or cannot be linked here, only the rules for all addresses are checked. */
    function urlProblem(url: string, { scm_type: given }: Record<string, unknown>): FieldProblem | undefined {
      const scmType = isScmType(given) ? given : null
      const address =
        scmType === null ? readAnyPlatformUrl(url, transport.policy, publicUrl) : readAddress(scmType, url)
      if (!('problem' in address)) return undefined
      if (address.logged) {
        services.log('scm_address_refused', address.logged)
        problems.push({ scmType, webUrl: url })
      }
      return address
    }

    try {
      const input = readBody(request.body, 'scm_integration', LinkInput, {
        scm_type: scmTypeProblem,
        url: urlProblem,
        access_token: accessTokenProblem,
      })
      const scmType = input.scm_type as ScmType
      const address = readAddress(scmType, input.url)
      if ('problem' in address) throw invalid({ url: [address.problem] }, { hint: address.hint })
      return { scmType, address, accessToken: input.access_token }
    } catch (error) {
      for (const logged of problems) {
        await recordLinkError(services, actorOf(request), request.user.id, logged, 'address_refused')
      }
      throw error
    }
  }

  /** Only bearer tokens with the right scope may, never a session. */
  function maySeeTokens({ grant }: FastifyRequest): boolean {
    return exposeAccessTokens && grant?.scopes.includes('access_tokens') === true
  }

  /** Records an event, since tokens are shown. */
  async function noteShown(request: FastifyRequest): Promise<void> {
    if (maySeeTokens(request)) await tokenShowings.note(actorOf(request), request.user.id)
  }

  /** For list and show; every other answer leaves the token out. */
  function shown(integration: Integration, request: FastifyRequest) {
    const { user } = request
    if (!maySeeTokens(request)) return integrationJson(integration, user)
    const accessToken = findAccess(services, integration)
    // One link whose token cannot be read must not make the whole list fail.
    const unreadable = { status: 'token_rejected' as const, statusReason: 'The stored token cannot be read any more.' }
    const shown = accessToken === undefined ? { ...integration, ...unreadable } : integration
    return integrationJson(shown, user, accessToken)
  }

  app.get(
    '/v1/scm_integrations',
    {
      schema: {
        operationId: 'listIntegrations',
        failures: [],
        summary: 'List your SCM integrations',
        tags: ['SCM integrations'],
        querystring: ListQuery,
        response: answers(200, Type.Object({ scm_integrations: Type.Array(IntegrationSchema), meta: CutMeta })),
      },
    },
    async (request) => {
      const { user, query } = request
      const filter = { scmType: query.scm_type, url: query.url?.replace(/\/$/, ''), limit: limits.maxLinks + 1 }
      const { items, meta } = cutAt(limits.maxLinks, await listIntegrations(database, user.id, filter), 'MAX_LINKS')
      if (items.length > 0) await noteShown(request)
      return { scm_integrations: items.map((integration) => shown(integration, request)), ...meta }
    },
  )

  app.get(
    '/v1/scm_integrations/:id',
    {
      schema: {
        operationId: 'getIntegration',
        failures: ['not_found'],
        summary: 'Show an SCM integration, by id or scm_type',
        tags: ['SCM integrations'],
        params: IdParams,
        response: answers(200, IntegrationAnswer),
      },
    },
    async (request) => {
      const integration = await getIntegration(database, request.user.id, request.params.id)
      await noteShown(request)
      return { scm_integration: shown(integration, request) }
    },
  )

  app.post(
    '/v1/scm_integrations',
    {
      schema: {
        operationId: 'linkAccount',
        failures: ['already_linked', ...PLATFORM_TROUBLE],
        summary: `Link an account on ${listOf(
          SELF_HOSTED_SCM_TYPES.map((type) => scmTypes[type].label),
          'or',
        )}`,
        tags: ['SCM integrations'],
        body: Type.Object({ scm_integration: LinkInput }),
        response: answers(201, IntegrationAnswer),
      },
    },
    async (request, reply) => {
      const { user } = request
      const integration = await link(services, actorOf(request), user.id, await readLink(request))
      return reply.status(201).send({ scm_integration: integrationJson(integration, user) })
    },
  )

  app.patch(
    '/v1/scm_integrations/:id',
    {
      schema: {
        operationId: 'replaceAccessToken',
        failures: ['not_found', 'conflict', ...PLATFORM_TROUBLE],
        summary: 'Replace the access token of an SCM integration',
        tags: ['SCM integrations'],
        params: IdParams,
        body: Type.Object({ scm_integration: RelinkInput }),
        response: answers(200, IntegrationAnswer),
      },
    },
    async (request) => {
      const { user, params, body } = request
      const { access_token } = readBody(body, 'scm_integration', RelinkInput, { access_token: accessTokenProblem })
      const integration = await relink(services, actorOf(request), user.id, params.id, access_token)
      return { scm_integration: integrationJson(integration, user) }
    },
  )

  app.delete(
    '/v1/scm_integrations/:id',
    {
      schema: {
        operationId: 'unlinkAccount',
        failures: ['not_found'],
        summary: 'Unlink an SCM integration',
        tags: ['SCM integrations'],
        params: IdParams,
        response: answers(204, NoContent),
      },
    },
    async (request, reply) => {
      const integration = await getIntegration(database, request.user.id, request.params.id)
      await unlink(services, actorOf(request), integration)
      revoker.wake()
      return reply.status(204).send(null)
    },
  )

  app.post(
    '/v1/scm_integrations/:id/import_keys',
    {
      schema: {
        operationId: 'importKeys',
        failures: ['not_found', ...PLATFORM_FAILURES],
        summary: 'Import the account’s SSH keys; answers those that were added',
        tags: ['SCM integrations'],
        params: IdParams,
        response: answers(
          201,
          Type.Object({
            keys: Type.Array(KeySchema),
            meta: Type.Object({ skipped: Type.Array(SkippedKey) }),
          }),
        ),
      },
    },
    async (request, reply) => {
      const { user, params } = request
      const { keys, skipped } = await importKeys(services, actorOf(request), user, params.id)
      return reply.status(201).send({ keys: keys.map((key) => keyJson(key, user)), meta: { skipped } })
    },
  )

  app.get(
    '/v1/scm_integrations/:id/health',
    {
      schema: {
        operationId: 'checkHealth',
        failures: ['not_found'],
        summary: 'What is wrong with a link, and how to mend it',
        tags: ['SCM integrations'],
        params: IdParams,
        response: answers(200, Type.Object({ health: HealthSchema })),
      },
    },
    async ({ user, params }) => ({ health: await healthChecks.check(user.id, params.id) }),
  )
}
