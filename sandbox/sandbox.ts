// The simulator of GitHub and GitLab: five platforms as real HTTP servers on loopback, for tests, demo and command.

import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Faults, faultSwitch } from './faults/faults.ts'
import type { RequestRecord, Running } from './running.ts'
import { seedWorld } from './seed/seed.ts'
import { closeServer, listen } from './server.ts'
import { type KnownSite, type PlatformName, type ScmType, siteAt, siteDefinitions } from './sites.ts'
import { userById, type World } from './state.ts'

export type { FaultRule, Faults } from './faults/faults.ts'
export type { FaultName } from './faults/table.ts'
export type { RequestRecord } from './running.ts'
export type { PlatformName, ScmType } from './sites.ts'
export type { World } from './state.ts'

export interface SandboxOptions {
  /** The first of as many ports in a row as there are platforms; or `free` ones, so that many tests can run at once. */
  ports?: number | 'free'
  host?: string
}

export interface SandboxUser {
  id: number
  username: string
  /** By purpose: `full`, `profile-only`, `expired`. */
  tokens: Record<string, string>
}

export interface SandboxPlatform {
  readonly name: PlatformName
  readonly scmType: ScmType
  /** Linked by OAuth, as github.com and gitlab.com are; the others by their address and a token. */
  readonly dotCom: boolean
  /** Web and OAuth root. */
  readonly url: string
  readonly apiUrl: string
  readonly users: SandboxUser[]
  readonly oauth: { id: string; secret: string }
  /** Everything the platform contains; tests may change it. A reset replaces it by a new one. */
  readonly state: World
  readonly faults: Faults
  readonly requests: RequestRecord[]
  /** Calls that have arrived and whose answer has neither ended nor been cut. */
  readonly inFlight: number
  /** Sockets that are open now. */
  connections: () => Promise<number>
  /** The value of a seeded token; throws when it does not exist. */
  token: (username: string, purpose?: string) => string
  reset: () => void
  /** New connections are rejected until `start`; open ones are cut. */
  stop: () => Promise<void>
  start: () => Promise<void>
}

export interface Sandbox {
  platforms: Record<PlatformName, SandboxPlatform>
  /** Sets every platform back to its initial state. */
  reset: () => void
  close: () => Promise<void>
}

/** With which `forgelink sandbox` starts, unless another is given. */
const FIRST_PORT = 4611

/** Throws an error that names the port when a port is in use. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { ports = FIRST_PORT, host = '127.0.0.1' } = options
  const found: SandboxPlatform[] = []
  for (const [index, definition] of siteDefinitions.entries()) {
    try {
      found.push(await startPlatform(definition, host, ports === 'free' ? 0 : ports + index))
    } catch (error) {
      await stopAll(found)
      throw error
    }
  }
  return {
    platforms: byName(found),
    reset() {
      for (const platform of found) platform.reset()
    },
    async close() {
      await stopAll(found)
    },
  }
}

async function stopAll(platforms: SandboxPlatform[]): Promise<void> {
  await Promise.all(platforms.map((platform) => platform.stop()))
}

async function startPlatform(definition: KnownSite, host: string, port: number): Promise<SandboxPlatform> {
  let running: Running | undefined
  const open = (at: number) =>
    listen(host, at, () => {
      if (running === undefined) throw new Error('a call came before the platform was ready')
      return running
    }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') throw error
      const message = `port ${at} is taken by another program; is a sandbox or a demo running already?`
      throw Object.assign(new Error(message, { cause: error }), { code: 'EPORTTAKEN' })
    })
  let server: Server | undefined = await open(port)
  const taken = portOf(server)
  running = run(definition, host, taken)
  return Object.assign(platformOf(definition, running), {
    connections: () => connectionsOf(server),
    async stop() {
      const ending = server
      server = undefined
      if (ending !== undefined) await closeServer(ending)
    },
    async start() {
      server ??= await open(taken)
    },
  })
}

function connectionsOf(server: Server | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    if (server === undefined) resolve(0)
    else server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port')
  return address.port
}

function run(definition: KnownSite, host: string, port: number): Running {
  const site = siteAt(definition, host, port)
  const running: Running = {
    site,
    world: seedWorld(site),
    faults: faultSwitch(),
    requests: [],
    inFlight: 0,
    reset() {
      running.world = seedWorld(site)
      running.faults.clear()
      running.requests.length = 0
    },
  }
  return running
}

function platformOf(
  { name, scmType, dotCom }: KnownSite,
  running: Running,
): Omit<SandboxPlatform, 'stop' | 'start' | 'connections'> {
  const { site } = running
  return {
    name,
    scmType,
    dotCom,
    url: site.url,
    apiUrl: site.apiUrl,
    get users() {
      return usersOf(running.world)
    },
    get oauth() {
      return running.world.oauthClients[0] ?? { id: '', secret: '' }
    },
    get state() {
      return running.world
    },
    faults: running.faults,
    requests: running.requests,
    get inFlight() {
      return running.inFlight
    },
    token(username, purpose = 'full') {
      const user = running.world.users.find((one) => one.username === username)
      const token = running.world.tokens.find((one) => one.purpose === purpose && one.userId === (user?.id ?? null))
      if (token === undefined) throw new Error(`${site.name} has no token "${purpose}" of ${username}`)
      return token.value
    },
    reset: running.reset,
  }
}

/** An installation token belongs to no user, so it is listed with its organisation. */
function usersOf(world: World): SandboxUser[] {
  const users = new Map<string, SandboxUser>()
  for (const token of world.tokens) {
    const user = userById(world, token.userId)
    const username = user?.username ?? 'acme'
    const entry = users.get(username) ?? { id: user?.id ?? 0, username, tokens: {} }
    entry.tokens[token.purpose] = token.value
    users.set(username, entry)
  }
  return [...users.values()]
}

function byName(platforms: SandboxPlatform[]): Record<PlatformName, SandboxPlatform> {
  return Object.fromEntries(platforms.map((platform) => [platform.name, platform])) as Sandbox['platforms']
}
