// What all calls to platforms share: connections, address policy, caches and counters. Opened once, and closed here.

import { createSecureContext } from 'node:tls'
import type { AllowedHost } from '../../config.ts'
import { Failure } from '../../failure.ts'
import type { Log } from '../../log-events.ts'
import type { CallCounts } from '../../metrics/metrics.ts'
import { authoritiesWith } from './authorities.ts'
import { createJsonReader } from './body/json.ts'
import { createShapes, type Shapes } from './body/shape.ts'
import {
  type AddressPolicy,
  createAddressPolicy,
  type PolicyViolation,
  type Target,
  targetOf,
} from './connect/address.ts'
import { type Lookup, lookUp } from './connect/connector.ts'
import { createDispatchers } from './connect/dispatchers.ts'
import { type Inspection, inspectTarget } from './connect/inspect.ts'
import { createExchange } from './exchange.ts'
import type { Endpoint } from './guard.ts'
import { createBreaker, type LeftAlone } from './guards/breaker.ts'
import { createCoalesce } from './guards/coalesce.ts'
import { createEtagCache, type EtagCache } from './guards/etag-cache.ts'
import { createServerVersions, type ServerVersions } from './guards/server-notes.ts'
import { LIMITS, type Limits } from './limits.ts'
import { createPipelines, type Pipelines } from './pipelines.ts'
import { createPositions, type Positions } from './positions.ts'
import { createWaiting, type Waiting } from './waiting.ts'

export interface TransportOptions {
  allowedHosts: AllowedHost[]
  /** PEM text of certificate authorities that are trusted besides Node's own. */
  extraCaCerts: string | null
  httpsProxy: string | null
  noProxy: string[]
  userAgent?: string
  limits?: Partial<Limits>
  /** All addresses of a name; the system's by default. */
  lookup?: Lookup
  /** Gets the events `scm_call`, `scm_address_refused`, `scm_origin_left_alone` and `scm_api_sunset`. */
  log?: Log
  counts?: CallCounts
}

/** All calls to platforms go through it. Its pipelines are for `ApiClient`, `send`, `fetchImage` and `probe`. */
export interface Transport extends Pipelines {
  readonly policy: AddressPolicy
  readonly limits: Limits
  /**
   * Limits how many of our requests wait for platforms, each from its first call to its last. It is not a guard: a
   * request that has its place must not wait for another one between two calls.
   */
  readonly waiting: Waiting
  readonly etags: EtagCache
  readonly positions: Positions
  readonly shapes: Shapes
  readonly versions: ServerVersions
  /** The platforms that are not called at present, because they have failed repeatedly. */
  leftAlone(): LeftAlone[]
  /** The endpoint of a URL, for messages. */
  endpointOf(url: URL): Endpoint
  /** How a host is reached, step by step, for the operator; no request is sent. */
  inspect(target: Target): Promise<Inspection>
  /** Ends all connections at once; running calls fail. */
  close(): Promise<void>
}

/** Opens no connection yet. Throws when `extraCaCerts` is not PEM. */
export function createTransport(options: TransportOptions): Transport {
  const limits = { ...LIMITS, ...options.limits }
  const log = options.log ?? (() => {})
  const userAgent = options.userAgent ?? 'forgelink'
  const policy = createAddressPolicy(options.allowedHosts)
  const secureContext = createSecureContext(authoritiesWith(options.extraCaCerts))
  const parts = { policy, limits, secureContext, lookup: options.lookup ?? lookUp, failureOf: failWith(log) }
  const dispatchers = createDispatchers(parts, options)
  const publicParts = { ...parts, policy: createAddressPolicy([]) }
  const publicDispatchers = createDispatchers(publicParts, options)
  const json = createJsonReader()
  const coalesce = createCoalesce(limits.call, options.counts?.coalesced)
  const etags = createEtagCache(options.counts?.cache.etag)
  const breaker = createBreaker(limits, (host) => log('scm_origin_left_alone', { host, ms: limits.breakerPause }))
  const pipelines = createPipelines({
    limits,
    log,
    json,
    breaker,
    coalesce,
    etags,
    exchange: createExchange(parts, dispatchers, userAgent),
    publicExchange: createExchange(publicParts, publicDispatchers, userAgent),
  })

  return {
    ...pipelines,
    policy,
    limits,
    waiting: createWaiting(limits),
    etags,
    positions: createPositions(),
    shapes: createShapes(),
    versions: createServerVersions(),
    leftAlone: breaker.leftAlone,
    endpointOf(url) {
      const target = targetOf(url)
      if (!target) throw new Failure('internal', 'Internal error')
      return { host: target.host, port: target.port, proxied: dispatchers.isProxied(target) }
    },
    inspect: (target) => inspectTarget(parts, target, dispatchers.isProxied(target)),
    async close() {
      coalesce.end()
      await Promise.all([dispatchers.close(), publicDispatchers.close(), json.close()])
    },
  }
}

function failWith(log: Log): (violation: PolicyViolation) => Failure {
  return (violation) => {
    log('scm_address_refused', violation.log)
    return new Failure('scm_address_refused', violation.message, { log: violation.log })
  }
}
