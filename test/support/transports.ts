// Transports for the tests of where a call really goes, with what they have open, and what their users read.

import { Type } from 'typebox'
import { afterEach, beforeEach, expect } from 'vitest'
import type { AllowedHost } from '../../src/config.ts'
import { Failure } from '../../src/failure.ts'
import { ApiClient } from '../../src/platforms/transport/api-client.ts'
import { createTransport, type Transport, type TransportOptions } from '../../src/platforms/transport/transport.ts'
import { readConfig } from '../../src/read-config.ts'
import { json, serveTls, type TestServer } from './fault-server.ts'
import { createIdentity, type Identity } from './test-certificates.ts'

const Item = Type.Object({ id: Type.Integer() })

export const AUTHORITY = createIdentity('Test Authority', {})

export interface Transports {
  /** What is logged during the present test. */
  logged: [string, Record<string, string | number>][]
  /** Closes it after the test. */
  keep<T extends { close(): Promise<void> }>(thing: T): T
  /** `allowed`: ALLOWED_HOSTS. */
  open(allowed: string, options?: Partial<TransportOptions>): Transport
  /** A server with TLS whose every answer is an item. */
  serveItem(identity: Identity): Promise<TestServer>
}

/** For all tests of a file. */
export function testTransports(): Transports {
  let ending: (() => Promise<void>)[] = []
  const logged: Transports['logged'] = []

  beforeEach(() => {
    ending = []
    logged.length = 0
  })
  afterEach(async () => {
    for (const close of ending.reverse()) await close()
  })

  function keep<T extends { close(): Promise<void> }>(thing: T): T {
    ending.push(() => thing.close())
    return thing
  }

  function open(allowed: string, options: Partial<TransportOptions> = {}): Transport {
    const allowedHosts: AllowedHost[] = readConfig({ ALLOWED_HOSTS: allowed }).allowedHosts
    const limits = { dns: 200, connect: 600, headers: 600, idle: 600, call: 2500, retryMin: 1, retryMax: 2 }
    return keep(
      createTransport({
        allowedHosts,
        extraCaCerts: null,
        httpsProxy: null,
        noProxy: [],
        limits,
        log: (event, fields) => logged.push([event, fields]),
        ...options,
      }),
    )
  }

  async function serveItem(identity: Identity): Promise<TestServer> {
    return keep(await serveTls(identity, (_request, response) => json(response, { id: 1 })))
  }

  return { logged, keep, open, serveItem }
}

export function getItem(transport: Transport, root: string): Promise<{ body: { id: number } }> {
  const failureFrom = () => new Failure('scm_forbidden', 'no')
  return new ApiClient(transport, {
    root,
    headers: { authorization: 'Bearer canary' },
    link: 'l',
    account: 'a',
    recognises: () => true,
    failureFrom,
  }).get('/user', Item)
}

export function failureOf(promise: Promise<unknown>): Promise<Failure> {
  return promise.then(
    () => expect.fail('nothing failed'),
    (error: unknown) => (error instanceof Failure ? error : Promise.reject(error)),
  )
}

/** A look-up that fails so. */
export function fails(code: string): () => Promise<string[]> {
  return () => Promise.reject(Object.assign(new Error(`queryA ${code} secret.internal`), { code }))
}
