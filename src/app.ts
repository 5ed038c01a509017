// The application: every route plugin by name. It opens nothing and listens nowhere, so that tests can build it too.

import { authenticate, authenticateSession, sessionOf } from './accounts/authenticate.ts'
import { createBearer } from './accounts/bearer.ts'
import { createLoginThrottle } from './accounts/login-throttle.ts'
import { accountRoutes, openAccountRoutes } from './accounts/routes.ts'
import { sessionRoutes } from './accounts/sessions/session-routes.ts'
import { signInRoutes } from './accounts/sessions/sign-in-routes.ts'
import { tellOmitted } from './audit/failures.ts'
import { createPruner } from './audit/pruner.ts'
import { eventRoutes } from './audit/routes.ts'
import { tellTokensShown } from './audit/token-showings.ts'
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
import { operationsRoutes } from './http/operations.ts'
import type { App } from './http/server.ts'
import { createServer } from './http/server.ts'
import { closeInOrder } from './http/shutdown.ts'
import { avatarRoutes } from './integrations/avatar-routes.ts'
import { drained, startDraining } from './integrations/background.ts'
import { oauthRoutes } from './integrations/oauth/routes.ts'
import { integrationRoutes } from './integrations/routes.ts'
import { searchRoutes } from './integrations/search/routes.ts'
import { createRevoker } from './integrations/tokens/revoker.ts'
import { createResealer } from './secrets/reseal.ts'
import type { Services } from './services.ts'
import { keyRoutes } from './ssh-keys/routes.ts'

export interface AppOptions {
  /** The folder of the built dashboard. */
  dashboard?: string
  load?: LoadLimits
  /** In milliseconds; how often revocations that are due are looked for. */
  revocationsEvery?: number
}

export async function createApp(services: Services, options: AppOptions = {}): Promise<App> {
  const { dashboard = builtDashboard(), load = LOAD_LIMITS, revocationsEvery } = options
  const { config, database, vault } = services
  const app = createServer(config)
  answerNotFound(app, config)
  checkHosts(app, config)
  const bearer = createBearer(vault, config.publicUrl)
  const loginThrottle = createLoginThrottle()
  const limitRate = createRateLimit(config.rateLimit)
  const revoker = createRevoker(services, revocationsEvery)
  const pruner = createPruner(services)
  const resealer = createResealer(services)

  app.decorateRequest('session', null)
  app.decorateRequest('apiToken', null)
  // What works in the background ends while requests do, so that one after the other takes no longer than both.
  let backgroundClosed: Promise<unknown> | undefined
  app.addHook('preClose', async () => {
    startDraining(services)
    backgroundClosed = Promise.all([revoker.close(), pruner.close(), resealer.close()])
  })
  app.addHook('onClose', async () => {
    await Promise.all([backgroundClosed, drained(services), tellOmitted(database), tellTokensShown(database)])
  })
  closeInOrder(app)
  await limitLoad(app, load, config.trustProxy)
  allowOrigins(app, config.corsOrigins)
  await describeApi(app, config)

  operationsRoutes(app, config, services.metrics.registry, () => pingDatabase(database))
  openApiRoute(app)
  openAccountRoutes(app, services, { bearer, loginThrottle, limitRate })
  await app.register((signedIn, _options, done) => {
    signedIn.addHook('onRequest', async (request) => {
      await authenticate(services, bearer, request)
      limitRate(request.user.id)
    })
    accountRoutes(signedIn, services)
    keyRoutes(signedIn, services)
    integrationRoutes(signedIn, services, revoker)
    searchRoutes(signedIn, services)
    eventRoutes(signedIn, services)
    done()
  })
  await app.register((ownPages, _options, done) => {
    ownPages.addHook('onRequest', async (request) => {
      await authenticateSession(services, request)
      limitRate(request.user.id)
    })
    sessionRoutes(ownPages, services, loginThrottle)
    avatarRoutes(ownPages, services)
    done()
  })
  pageFileRoutes(app)
  await app.register(async (pages) => {
    configurePages(pages, config)
    docsPageRoute(pages, config)
    signInRoutes(pages, services, loginThrottle)
    oauthRoutes(pages, services, revoker)
    await dashboardRoutes(pages, config, dashboard, async (request) => {
      return (await sessionOf(config, database, request)) !== undefined
    })
  })
  return app
}
