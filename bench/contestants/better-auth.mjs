// What one would take instead: better-auth on `node:http` with PostgreSQL, and a user who has three linked accounts.
// https://www.better-auth.com/docs/concepts/users-accounts#list-user-accounts

import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import pg from 'pg'
import { servePart } from '../support/part.mjs'

const PROVIDERS = ['github', 'gitlab', 'bitbucket']
/** As many as the service has. */
const POOL_SIZE = 10

await servePart(async ({ store, cookieCache }) => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${server.address().port}`
  const database = new pg.Pool({ connectionString: store.url, max: POOL_SIZE })
  const settings = {
    database,
    baseURL: url,
    secret: randomBytes(32).toString('base64'),
    emailAndPassword: { enabled: true },
    account: { encryptOAuthTokens: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    session: { cookieCache: { enabled: cookieCache, maxAge: 3_600 } },
  }
  const auth = betterAuth(settings)
  const { runMigrations } = await getMigrations(settings)
  await runMigrations()
  server.on('request', toNodeHandler(auth))
  return { facts: { url, path: '/api/auth/list-accounts', headers: { cookie: await signUp(auth, database) } } }
})

/** The cookies of a new user, who has three linked accounts and no other. */
async function signUp(auth, database) {
  const email = `${randomBytes(8).toString('hex')}@example.test`
  const body = { email, password: randomBytes(16).toString('hex'), name: 'Bench' }
  const response = await auth.api.signUpEmail({ body, asResponse: true })
  if (!response.ok) throw new Error(`better-auth does not sign up: ${await response.text()}`)
  const { user } = await response.json()
  await database.query('delete from "account" where "userId" = $1', [user.id])
  const { internalAdapter } = await auth.$context
  for (const providerId of PROVIDERS) {
    const accessToken = randomBytes(32).toString('hex')
    await internalAdapter.createAccount({ userId: user.id, providerId, accountId: '42', accessToken, scope: 'repo' })
  }
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ')
}
