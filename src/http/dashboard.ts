// Serves the built dashboard: its files to everybody, its page only to signed-in users.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyRequest } from 'fastify'
import { basePath, publicPath } from '../public-path.ts'
import { messagePage, protectPage, sendPage } from './html/layout.ts'
import { signInAddress } from './return-to.ts'
import type { App } from './server.ts'

const PAGES = [
  '/',
  '/profile',
  '/repositories',
  '/pull-requests',
  '/keys',
  '/tokens',
  '/activity',
  '/account',
  // The page says to members that it is not for them: what it shows comes from the API alone.
  '/administration',
  '/administration/users',
  '/administration/users/:id',
  '/administration/links',
  '/administration/activity',
  '/administration/service-tokens',
]
const NONCE_PLACE = '__CSP_NONCE__'
/** The folder of files whose names change with their content. */
const ASSETS = 'assets'
const BASE_PLACE = '__BASE_PATH__'

/** The folder into which the dashboard is built. Works from the sources and from the compiled files. */
export function builtDashboard(): string {
  const parent = resolve(fileURLToPath(import.meta.url), '../../..')
  const isClone = existsSync(join(parent, 'package.json'))
  return join(parent, isClone ? 'dist/current/dashboard' : 'dashboard')
}

/** Pages and files, on an `app` that `configurePages` has set up. */
export async function dashboardRoutes(
  app: App,
  publicUrl: string,
  folder: string,
  isSignedIn: (request: FastifyRequest) => Promise<boolean>,
): Promise<void> {
  const index = readIfThere(join(folder, 'index.html'))?.replaceAll(BASE_PLACE, basePath(publicUrl))
  if (index !== undefined) {
    await app.register(fastifyStatic, {
      root: join(folder, ASSETS),
      prefix: `/${ASSETS}/`,
      index: false,
      allowedPath: (path) => !path.endsWith('.map'),
      preCompressed: true,
      cacheControl: false,
      setHeaders(reply, path) {
        // The names of files in assets contain a hash of their content.
        const isHashed = dirname(path) === join(folder, ASSETS)
        reply.header('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache')
      },
    })
    for (const name of filesIn(folder)) {
      app.get(`/${name}`, { schema: { hide: true } }, (_request, reply) => reply.sendFile(name, folder))
    }
  }

  for (const path of PAGES) {
    app.get(path, { schema: { hide: true } }, async (request, reply) => {
      if (!(await isSignedIn(request))) {
        return reply.redirect(signInAddress(publicUrl, request.url), 303)
      }
      if (index === undefined) {
        const sentences = [
          'This server runs without its dashboard: dist/current/dashboard was not built. The API works all the same.',
          'Run "npm run build" in the folder of Forgelink, then start it again.',
        ]
        const way = { href: publicPath(publicUrl, path), text: 'Try again' }
        return sendPage(publicUrl, reply, 503, messagePage('The dashboard is not built', sentences, way))
      }
      const { nonce } = protectPage(reply)
      return reply.type('text/html; charset=utf-8').send(index.replaceAll(NONCE_PLACE, nonce))
    })
  }
}

/** The files beside the page, of which there are few: not their compressed forms, nor the page with its placeholders. */
function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true })
  return entries.flatMap((entry) => (entry.isFile() && !/\.(html|br|gz|map)$/.test(entry.name) ? [entry.name] : []))
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
