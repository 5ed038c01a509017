// The description of the API (OpenAPI 3.1), made from the route schemas and served at /openapi.json.

import swagger from '@fastify/swagger'
import type { Config } from '../config.ts'
import { listOf } from '../text.ts'
import type { App } from './server.ts'

/** Before the routes are registered. `platforms`: what people call those that are linked. */
export async function describeApi(app: App, config: Config, platforms: string[]): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Forgelink',
        version: '1',
        description: `Links accounts to ${listOf(platforms, 'and')}, and uses those links.`,
      },
      servers: [{ url: config.publicUrl }],
      security: [{ bearer: [] }],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            bearerFormat: 'JWT',
            description: 'From POST /v1/tokens/exchange.',
          },
          apiToken: { type: 'http', scheme: 'basic', description: 'Empty user name, API token as password.' },
          metricsToken: {
            type: 'http',
            scheme: 'bearer',
            description: 'METRICS_TOKEN; without that setting there is no such path.',
          },
        },
      },
    },
  })
}

/** After the routes are registered. */
export function openApiRoute(app: App): void {
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
}
