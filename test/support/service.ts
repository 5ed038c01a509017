// The real service for tests: on SQLite or PostgreSQL, listening on a free port, spoken to over HTTP.

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { createApiToken } from '../../src/accounts/api-tokens.ts'
import { addUser, findUserByLogin } from '../../src/accounts/users.ts'
import type { AppOptions } from '../../src/app.ts'
import { createApp } from '../../src/app.ts'
import { COMMAND_LINE } from '../../src/audit/events.ts'
import type { Config, Environment } from '../../src/config.ts'
import { LOAD_LIMITS } from '../../src/http/limits/overload.ts'
import { readConfig } from '../../src/read-config.ts'
import type { ServiceOptions, Services } from '../../src/services.ts'
import { openServices } from '../../src/services.ts'
import { createTestDatabase, postgresUrl } from './postgres.ts'

export type Engine = 'SQLite' | 'PostgreSQL'

/** An answer with its body as text and, where it is JSON, parsed. */
export interface Answer {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies that have no type here
  json: any
}

/** A user with a bearer token, and calls in their name. */
export interface Account {
  id: string
  email: string
  username: string
  password: string
  token: string
  bearer: string
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
}

export interface Service {
  url: string
  engine: Engine
  services: Services
  config: Config
  dataDir: string
  /** What another process needs to serve the same store. */
  environment: Environment
  addAccount(username: string): Promise<Account>
  close(): Promise<void>
}

/** A test shares its event loop with the service, and a busy machine is no overload of the service's own. */
const LOAD = { ...LOAD_LIMITS, lag: 30_000 }
/** Nor is it a store that is gone: tests of one that is gone have the defaults again (`STORE_TIMES`). */
const PATIENT_STORE = { PG_CONNECT_TIMEOUT_MS: '20000', PG_STATEMENT_TIMEOUT_MS: '20000' }
/** The times of a service of its own, after which the store counts as gone. */
export const STORE_TIMES = { PG_CONNECT_TIMEOUT_MS: undefined, PG_STATEMENT_TIMEOUT_MS: undefined }
const PASSWORD = 'correct horse'
let passwordHash: Promise<string> | undefined
const TEST_KEY = `test:${Buffer.alloc(32, 7).toString('base64')}`

/** Runs the same tests on both engines; PostgreSQL only where the run has one. */
export function describeOnBothEngines(name: string, tests: (engine: Engine) => void): void {
  describe(`${name} (SQLite)`, () => tests('SQLite'))
  describe.skipIf(postgresUrl() === undefined)(`${name} (PostgreSQL)`, () => tests('PostgreSQL'))
}

export async function startService(
  engine: Engine,
  environment: Environment = {},
  options: ServiceOptions & AppOptions = {},
): Promise<Service> {
  const dataDir = mkdtempSync(join(tmpdir(), 'forgelink-test-'))
  const postgres = engine === 'PostgreSQL' ? await createTestDatabase() : undefined
  const settings = {
    DATA_DIR: dataDir,
    SECRET_KEYS: TEST_KEY,
    DATABASE_URL: postgres?.url,
    LOG_LEVEL: 'silent',
    RATE_LIMIT: '0',
    // Most tests ask the same again to see it asked again; test/search/fresh.test.ts is about the default.
    SEARCH_FRESH_SECONDS: '0',
    ...PATIENT_STORE,
    ...environment,
  }
  const config = readConfig(settings)
  const services = await openServices(config, options)
  const app = await createApp(services, config, { load: LOAD, ...options })
  const url = await app.listen({ host: '127.0.0.1', port: environment.PORT ? config.port : 0 })
  return {
    url,
    engine,
    services,
    config,
    dataDir,
    environment: settings,
    async addAccount(wanted) {
      // A test that is tried again asks for the account of its first try: it gets another.
      const isTaken = (await findUserByLogin(services.database, wanted)) !== undefined
      const username = isTaken ? `${wanted}-${randomBytes(4).toString('hex')}` : wanted
      const email = `${username}@example.test`
      const { id, token } = await addUserAs(services, { email, username })
      const bearer = await exchange(url, token)
      return {
        id,
        email,
        username,
        password: PASSWORD,
        token,
        bearer,
        call: (method, path, body, headers) =>
          send(method, `${url}${path}`, body, { authorization: `Bearer ${bearer}`, ...headers }),
      }
    },
    async close() {
      await app.close()
      await services.close()
      await postgres?.drop()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** As `forgelink user add` does, but for the password, which is hashed once for all of a worker's accounts. */
async function addUserAs(
  { database, passwords }: Services,
  user: { email: string; username: string },
): Promise<{ id: string; token: string }> {
  passwordHash ??= passwords.hash(PASSWORD)
  const hashed = { ...user, passwordHash: await passwordHash }
  return database.transaction().execute(async (transaction) => {
    const { id } = await addUser(transaction, COMMAND_LINE, hashed)
    const { token } = await createApiToken(transaction, COMMAND_LINE, id, 'forgelink user add')
    return { id, token }
  })
}

/** Another replica in this process: the same store, but connections and memory of its own, and other settings if need be. */
export async function startReplica(
  service: Service,
  environment: Environment = {},
  options: ServiceOptions = {},
): Promise<{ url: string; close(): Promise<void> }> {
  const config = readConfig({ ...service.environment, ...environment })
  const services = await openServices(config, options)
  const app = await createApp(services, config)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    async close() {
      await app.close()
      await services.close()
    },
  }
}

/** A body that is no string is sent as JSON. */
export async function send(
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const text =
    body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const response = await fetch(url, {
    method,
    headers: { ...type, ...headers },
    redirect: 'manual',
    ...(text !== undefined && { body: text }),
  })
  const answer = await response.text()
  return { status: response.status, headers: response.headers, text: answer, json: parsed(answer) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function basic(login: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}` }
}

export async function exchange(url: string, token: string): Promise<string> {
  const answer = await send('POST', `${url}/v1/tokens/exchange`, undefined, basic('', token))
  if (answer.status !== 200) throw new Error(`exchange answered ${answer.status}: ${answer.text}`)
  return answer.json.token
}
