// The HTTP dispatchers for platforms: direct or through the operator's proxy, with kept connections or a fresh one.

import { LRUCache } from 'lru-cache'
import { Agent, type Dispatcher, Pool, ProxyAgent } from 'undici'
import { Failure } from '../../../failure.ts'
import { coded, codeOf } from '../faults.ts'
import type { Target } from './address.ts'
import { type ConnectorParts, checkedAddresses, createConnector } from './connector.ts'
import { bypassesProxy } from './no-proxy.ts'

export interface Dispatchers {
  isProxied(target: Target): boolean
  /** Whether a round trip to the target takes less than 5 ms; false until it has taken a connection or answered. */
  isNear(target: Target): boolean
  /** Tells how long it took, in milliseconds, until the target answered. */
  noteAnswered(target: Target, ms: number): void
  /** `fresh`: for requests that must not use a kept connection. Throws when the policy forbids the target. */
  dispatcherFor(target: Target, fresh: boolean): Promise<Dispatcher>
  /** Ends all connections at once; running calls fail. */
  close(): Promise<void>
}

interface ProxySettings {
  httpsProxy: string | null
  noProxy: string[]
}

/**
 * In milliseconds. Round trips between the data centres of a cloud's region take less, and those between regions tens:
 * https://www.flashgrid.io/news/latencies-between-aws-availability-zones-what-are-they-and-how-to-minimize-them/
 */
const MAX_NEAR_MS = 5
const NEAR_KEPT_MS = 600_000

export function createDispatchers(parts: ConnectorParts, { httpsProxy, noProxy }: ProxySettings): Dispatchers {
  const settings = {
    headersTimeout: parts.limits.headers,
    bodyTimeout: parts.limits.idle,
    keepAliveMaxTimeout: 30_000,
    connections: 64,
  }
  /**
   * The shortest time in which an origin took a connection or answered. No round trip takes longer, but many look as if they
   * did: when this process is busy, or the platform has to think.
   */
  const roundTrips = new LRUCache<string, number>({ max: 1_000, ttl: NEAR_KEPT_MS })
  function noteRoundTrip(target: Target, ms: number): void {
    const key = keyOf(target)
    if (ms < (roundTrips.get(key) ?? Number.POSITIVE_INFINITY)) roundTrips.set(key, ms)
  }
  const connect = createConnector({ ...parts, noteConnected: noteRoundTrip })
  // A refresh token is used up even when the answer is lost, so it must not go out on a kept connection that may be
  // dead.
  const direct = {
    kept: new Agent({ ...settings, connect }),
    fresh: new Agent({ ...settings, connect, pipelining: 0 }),
  }
  const proxy = httpsProxy === null ? null : createProxy(httpsProxy, settings, parts)
  const checkedForProxy = new LRUCache<string, true>({ max: 1_000, ttl: 30_000 })

  function isProxied(target: Target): boolean {
    return proxy !== null && !bypassesProxy(noProxy, target)
  }

  function isNear(target: Target): boolean {
    return (roundTrips.get(keyOf(target)) ?? Number.POSITIVE_INFINITY) < MAX_NEAR_MS
  }

  async function dispatcherFor(target: Target, fresh: boolean): Promise<Dispatcher> {
    if (!proxy || !isProxied(target)) return fresh ? direct.fresh : direct.kept
    const key = keyOf(target)
    if (!checkedForProxy.has(key)) {
      // A name that resolves here is checked. One that does not can be resolved only by the proxy, which has to check
      // it.
      await checkedAddresses(parts, target).catch((error: unknown) => {
        if (error instanceof Failure) throw error
      })
      checkedForProxy.set(key, true)
    }
    return fresh ? proxy.fresh : proxy.kept
  }

  async function close(): Promise<void> {
    const agents = [direct.kept, direct.fresh, ...(proxy ? [proxy.kept, proxy.fresh] : [])]
    await Promise.all(agents.map((agent) => agent.destroy()))
  }

  return { isProxied, isNear, noteAnswered: noteRoundTrip, dispatcherFor, close }
}

function keyOf({ host, port }: Target): string {
  return `${host}:${port}`
}

function createProxy(uri: string, settings: Agent.Options, { secureContext, limits }: ConnectorParts) {
  const tls = { secureContext, rejectUnauthorized: true, timeout: limits.connect }
  const options: ProxyAgent.Options = {
    ...settings,
    uri,
    proxyTls: tls,
    requestTls: tls,
    // Without a limit, a proxy that never answers CONNECT would keep its sockets for minutes.
    clientFactory: (origin, opts) => createTunnelClient(origin, { ...opts, headersTimeout: limits.connect }),
  }
  return { kept: new ProxyAgent(options), fresh: new ProxyAgent({ ...options, pipelining: 0 }) }
}

/**
 * The client that asks the proxy for tunnels. When the proxy closes the connection instead of answering, undici 7 takes its
 * error for one of a connection that worked, and asks again at once, for ever: https://github.com/nodejs/undici/issues/3897
 */
function createTunnelClient(origin: URL, options: Pool.Options): Dispatcher {
  const pool = new Pool(origin, options)
  const connect: (options: Dispatcher.ConnectOptions) => Promise<Dispatcher.ConnectData> = pool.connect.bind(pool)
  return Object.assign(pool, {
    connect: (asked: Dispatcher.ConnectOptions) =>
      connect(asked).catch((error: unknown) => {
        throw codeOf(error) === 'UND_ERR_SOCKET' ? coded('PROXY_CLOSED') : error
      }),
  })
}
