// Every route of the real application, so that a table over routes notices one that it has no row for.

import { createApp } from '../../src/app.ts'
import type { Service } from './service.ts'

/** As `GET /v1/keys/:id`, sorted; without the dashboard's files, and without HEAD and OPTIONS, which Fastify adds. */
export async function listRoutes({ services, config }: Service): Promise<string[]> {
  const app = await createApp(services, config, { dashboard: 'none' })
  await app.ready()
  const routes: string[] = []
  const path: string[] = []
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent = '', segment = '', methods] = /^([│ ]*)[├└]── (\S*)(?: \((.+)\))?$/.exec(line) ?? []
    if (segment === '') continue
    const depth = indent.length / 4
    path.splice(depth, path.length, segment)
    for (const method of methods?.split(', ') ?? []) routes.push(`${method} ${path.join('')}`)
  }
  await app.close()
  return [...new Set(routes)].filter((route) => !/^(HEAD|OPTIONS|QUERY) /.test(route)).sort()
}
