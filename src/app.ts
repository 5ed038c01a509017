// The application: every route plugin by name. It opens nothing and listens nowhere, so that tests can build it too.

import { callerFields } from './accounts/actor.ts'
import { authenticate, authenticateSession, sessionOf } from './accounts/authenticate.ts'
import { createBearer } from './accounts/bearer.ts'
import { authenticateAdministrator } from './accounts/callers/administrators.ts'
import { oidcRoutes } from './accounts/identities/oidc/routes.ts'
import { identityRoutes } from './accounts/identities/routes.ts'
import { createLoginThrottle } from './accounts/login-throttle.ts'
import { accountRoutes, openAccountRoutes } from './accounts/routes.ts'
import { isOpenToDelegates, scopeFor } from './accounts/scopes.ts'
import { exchangeRoutes } from './accounts/service-tokens/exchange-routes.ts'
import { serviceTokenRoutes } from './accounts/service-tokens/routes.ts'
import { ownSessionRoutes } from './accounts/sessions/own-session-routes.ts'
import { sessionRoutes } from './accounts/sessions/session-routes.ts'
import { signInRoutes } from './accounts/sessions/sign-in-routes.ts'
import { openTokenRoutes, tokenRoutes } from './accounts/token-routes.ts'
import { ownedRoutes } from './administration/owned-routes.ts'
import { administrationRoutes } from './administration/routes.ts'
import { administratedUserRoutes } from './administration/user-routes.ts'
import { createPruner } from './audit/pruner.ts'
import { eventRoutes } from './audit/routes.ts'
import type { Config } from './config.ts'
import { pingDatabase } from './database/database.ts'
import { allowOrigins } from './http/cors.ts'
import { builtDashboard, dashboardRoutes } from './http/dashboard.ts'
import { docsPageRoute } from './http/html/docs-page.ts'
import { configurePages, pageFileRoutes } from './http/html/layout.ts'
import { checkHosts } from './http/known-hosts.ts'
import { LOAD_LIMITS, type LoadLimits, limitLoad } from './http/limits/overload.ts'
import { createRateLimit } from './http/limits/rate-limit.ts'
import { answerNotFound } from './http/not-found.ts'
import { describeApi, openApiRoute } from './http/openapi.ts'
import { doctorRoute, operationsRoutes } from './http/operations.ts'
import type { App } from './http/server.ts'
import { createServer } from './http/server.ts'
import { closeInOrder } from './http/shutdown.ts'
import { avatarRoutes } from './integrations/avatar-routes.ts'
import { createHealthChecks } from './integrations/health.ts'
import { oauthRoutes } from './integrations/oauth/routes.ts'
import { integrationRoutes } from './integrations/routes.ts'
import { searchRoutes } from './integrations/search/routes.ts'
import { createRevoker } from './integrations/tokens/revoker.ts'
import { invitationPageRoutes } from './invitations/page-routes.ts'
import { createInvitationPruner } from './invitations/pruner.ts'
import { invitationRoutes } from './invitations/routes.ts'
import { createCallback } from './link-sessions/callback-routes.ts'
import { linkingRoutes } from './link-sessions/page-routes.ts'
import { createLinkSessionPruner } from './link-sessions/pruner.ts'
import { linkSessionRoutes } from './link-sessions/routes.ts'
import { ownVersion } from './metrics/version.ts'
import { SCM_TYPES, scmTypes } from './platforms/scm-types.ts'
import { scimRoutes } from './scim/routes.ts'
import { digestSettings, verifyDoctor } from './secrets/doctor-access.ts'
import { createResealer } from './secrets/reseal.ts'
import type { Services } from './services.ts'
import { keyRoutes } from './ssh-keys/routes.ts'
import type { Traces } from './traces.ts'

/** The settings that only the server needs, besides those that services are opened with. */
export type ServerConfig = Pick<
  Config,
  | 'logLevel'
  | 'trustProxy'
  | 'serverNames'
  | 'corsOrigins'
  | 'rateLimit'
  | 'serviceRateLimit'
  | 'scimIssuer'
  | 'metricsToken'
  | 'metricsPort'
  | 'exposeAccessTokens'
  | 'eventsDays'
  | 'returnUrls'
>

export interface AppOptions {
  /** The folder of the built dashboard. */
  dashboard?: string
  load?: LoadLimits
  /** In milliseconds: how often to look for revocations that are due. */
  revocationsEvery?: number
  traces?: Traces | undefined
  /** All settings, with which `forgelink doctor` compares its own. */
  settings?: object
}

export async function createApp(services: Services, config: ServerConfig, options: AppOptions = {}): Promise<App> {
  const { dashboard = builtDashboard(), load = LOAD_LIMITS, revocationsEvery, traces, settings = {} } = options
  const { database, vault, publicUrl } = services
  const app = createServer({ ...config, publicUrl }, callerFields)
  if (traces) await app.register(traces.plugin)
  answerNotFound(app, publicUrl)
  checkHosts(app, publicUrl, config.serverNames)
  const bearer = createBearer(vault, publicUrl, services.metrics.counts.cache.jwt)
  const loginThrottle = createLoginThrottle()
  const limitRate = createRateLimit(config.rateLimit)
  const limitService = createRateLimit(config.serviceRateLimit, 'service')
  const guards = { bearer, loginThrottle, limitRate, limitService }
  const revoker = createRevoker(services, revocationsEvery)
  const pruner = createPruner(database, config.eventsDays)
  const healthChecks = createHealthChecks(services)

  app.decorateRequest('session', null)
  app.decorateRequest('grant', null)
  const pruners = [pruner, createLinkSessionPruner(database), createInvitationPruner(database)]
  closeWithRequests(app, services, [revoker, ...pruners, createResealer(services)])
  closeInOrder(app)
  await limitLoad(app, load, config.trustProxy)
  allowOrigins(app, config.corsOrigins)
  const platforms = SCM_TYPES.map((scmType) => scmTypes[scmType].label)
  const describe = describeApi(app, { publicUrl, platforms, scopeFor, isOpenToDelegates })

  operationsRoutes(app, config, services.metrics, () => pingDatabase(database))
  doctorRoute(app, async (jwt) => {
    const key = await verifyDoctor(vault, jwt)
    return key && { version: ownVersion(), settings: digestSettings(key, settings) }
  })
  openApiRoute(app, describe)
  openAccountRoutes(app, services)
  exchangeRoutes(app, services, guards)
  openTokenRoutes(app, services, guards)
  await app.register((signedIn, _options, done) => {
    signedIn.addHook('onRequest', async (request) => {
      await authenticate(services, bearer, request)
      limitRate(request.user.id)
    })
    accountRoutes(signedIn, services)
    tokenRoutes(signedIn, services)
    identityRoutes(signedIn, services)
    ownSessionRoutes(signedIn, services)
    keyRoutes(signedIn, services)
    integrationRoutes(signedIn, services, { revoker, healthChecks, exposeAccessTokens: config.exposeAccessTokens })
    searchRoutes(signedIn, services)
    linkSessionRoutes(signedIn, services, config.returnUrls)
    eventRoutes(signedIn, services)
    done()
  })
  await app.register((administration, _options, done) => {
    administration.addHook('onRequest', (request) => authenticateAdministrator(services, guards, request))
    serviceTokenRoutes(administration, services)
    administratedUserRoutes(administration, services, revoker)
    ownedRoutes(administration, services, revoker)
    administrationRoutes(administration, services)
    invitationRoutes(administration, services)
    done()
  })
  const { scimIssuer } = config
  if (scimIssuer !== null) {
    await app.register(
      (scim, _options, done) => {
        scimRoutes(scim, services, { guards, revoker, issuer: scimIssuer })
        done()
      },
      { prefix: '/scim/v2' },
    )
  }
  await app.register((ownPages, _options, done) => {
    ownPages.addHook('onRequest', async (request) => {
      await authenticateSession(services, request)
      limitRate(request.user.id)
    })
    sessionRoutes(ownPages, services, loginThrottle)
    avatarRoutes(ownPages, services, config.serverNames)
    done()
  })
  pageFileRoutes(app)
  await app.register(async (pages) => {
    configurePages(pages, publicUrl)
    docsPageRoute(pages, publicUrl, describe)
    signInRoutes(pages, services, loginThrottle)
    oidcRoutes(pages, services, loginThrottle)
    await pages.register(async (invited) => invitationPageRoutes(invited, services, loginThrottle))
    oauthRoutes(pages, services, { revoker, answerCallback: createCallback(services, revoker) })
    await pages.register(async (linking) => linkingRoutes(linking, services, { limitRate }))
    await dashboardRoutes(pages, publicUrl, dashboard, async (request) => {
      return (await sessionOf(publicUrl, database, request)) !== undefined
    })
  })
  return app
}

/** Background work ends at the same time as requests, so that closing does not take the time of both. */
function closeWithRequests(app: App, { background }: Services, works: { close(): Promise<void> }[]): void {
  let closed: Promise<unknown> | undefined
  app.addHook('preClose', async () => {
    background.startDraining()
    closed = Promise.all(works.map((work) => work.close()))
  })
  app.addHook('onClose', async () => {
    await closed
  })
}
