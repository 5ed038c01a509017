// The description of the API (OpenAPI 3.1), made from the route schemas and served at /openapi.json.

import swagger from '@fastify/swagger'
import type { App } from './server.ts'

/** Before the routes are registered. */
export async function describeApi(app: App, publicUrl: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Forgelink',
        version: '1',
        description:
          'Links accounts to GitHub, GitLab, GitHub Enterprise Server and GitLab self-hosted, and uses those links.',
      },
      servers: [{ url: publicUrl }],
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
