// The application: every route plugin by name. It opens nothing and listens nowhere, so that tests can build it too.

import { authenticateBearer } from './accounts/authenticate.ts'
import { createBearer } from './accounts/bearer.ts'
import { accountRoutes, openAccountRoutes } from './accounts/routes.ts'
import { pingDatabase } from './database/database.ts'
import { createAttempts } from './http/attempts.ts'
import { allowOrigins } from './http/cors.ts'
import { describeApi, openApiRoute } from './http/openapi.ts'
import { operationsRoutes } from './http/operations.ts'
import { createRateLimit } from './http/rate-limit.ts'
import type { App } from './http/server.ts'
import { createServer } from './http/server.ts'
import { integrationRoutes } from './integrations/routes.ts'
import { searchRoutes } from './integrations/search-routes.ts'
import { keyRoutes } from './keys/routes.ts'
import type { Services } from './services.ts'

export async function createApp(services: Services): Promise<App> {
  const { config, database, vault } = services
  const app = createServer(config)
  const bearer = createBearer(vault, config.publicUrl)
  const attempts = createAttempts()
  const limitRate = createRateLimit(config.rateLimit)

  allowOrigins(app, config.corsOrigins)
  await describeApi(app, config)

  operationsRoutes(app, config, () => pingDatabase(database))
  openApiRoute(app)
  openAccountRoutes(app, services, { bearer, attempts, limitRate })
  await app.register((signedIn, _options, done) => {
    signedIn.addHook('onRequest', async (request) => {
      request.user = await authenticateBearer(database, bearer, request)
      limitRate(request.user.id)
    })
    accountRoutes(signedIn, services)
    keyRoutes(signedIn, services)
    integrationRoutes(signedIn, services)
    searchRoutes(signedIn, services)
    done()
  })
  return app
}
