// Traces: what a collector gets, that no platform hears of them, and that nothing in them is a secret.

import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Sandbox, SandboxPlatform } from '../sandbox/sandbox.ts'
import type { LogEntry } from '../src/log-events.ts'
import { openTraces, TRACE_PACKAGES, type Traces } from '../src/traces.ts'
import { secretsIn } from './support/canaries.ts'
import { linkAccount, startPlatforms } from './support/platforms.ts'
import { type Account, basic, type Service, send, startService } from './support/service.ts'

interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  kind: number
  attributes: Record<string, unknown>
  status: { code: number; message?: string }
}

/** What a collector has received. */
interface Collector {
  url: string
  bodies: string[]
  spans(): Span[]
  server: Server
}

async function startCollector(status = 200): Promise<Collector> {
  const bodies: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    bodies.push(`${request.url} ${Buffer.concat(chunks)}`)
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const spans = () => bodies.flatMap((body) => spansIn(JSON.parse(body.slice(body.indexOf('{')))))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies, spans, server }
}

type Sent = { resourceSpans: { scopeSpans: { spans: (Omit<Span, 'attributes'> & { attributes: Pair[] })[] }[] }[] }
type Pair = { key: string; value: Record<string, unknown> }

function spansIn(sent: Sent): Span[] {
  const spans = sent.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
  return spans.map(({ attributes, ...span }) => ({
    ...span,
    attributes: Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]])),
  }))
}

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = { traceparent: `00-${TRACE}-b7ad6b7169203331-01`, tracestate: 'a=b', baggage: 'canary=baggage-canary' }

describe('with a collector', () => {
  let collector: Collector
  let sandbox: Sandbox
  let platform: SandboxPlatform
  let service: Service
  let alice: Account
  let link: string
  let traces: Traces

  beforeAll(async () => {
    collector = await startCollector()
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.url)
    const platforms = await startPlatforms()
    sandbox = platforms.sandbox
    platform = sandbox.platforms['gitlab-self-hosted']
    traces = await openTraces(() => undefined)
    const told = { traces, log: traces.log, ran: traces.ran }
    service = await startService('SQLite', platforms.settings, told)
    alice = await service.addAccount('alice-canary')
    link = await linkAccount(alice, platform)
    await alice.call('GET', `/v1/scm_integrations/${link}/search_repos?query=query-canary`, undefined, CALLER)
    await alice.call('GET', `/v1/keys/path-canary?secret=query-canary`, undefined, { traceparent: 'nonsense' })
    await send('GET', `${service.url}/path-canary?code=query-canary`)
    await send('POST', `${service.url}/v1/tokens`, undefined, basic('login-canary', 'password-canary'))
    platform.faults.set({ fault: 'status-503' })
    await alice.call('GET', `/v1/scm_integrations/${link}/orgs`)
    await service.close()
    await traces.close()
  })
  afterAll(async () => {
    vi.unstubAllEnvs()
    collector.server.close()
    await sandbox.close()
  })

  const SERVER = 2
  const CLIENT = 3
  const ERROR = 2

  it('sends a span for each request, named by its route', () => {
    expect(collector.bodies[0]).toMatch(/^\/v1\/traces /)
    const requests = collector.spans().filter(({ kind }) => kind === SERVER)
    expect(requests.map(({ name, attributes }) => [name, attributes])).toContainEqual([
      'GET /v1/keys/:id',
      { 'http.request.method': 'GET', 'http.route': '/v1/keys/:id', 'http.response.status_code': 404 },
    ])
    expect(requests.map(({ name }) => name)).toContain('POST /v1/tokens')
    expect(requests.map(({ name }) => name)).toContain('GET none')
  })

  it('continues the caller’s trace, with statements and calls to platforms as parts of the request', () => {
    const all = collector.spans()
    const search = all.find(({ traceId, kind }) => traceId === TRACE && kind === SERVER)
    expect(search).toMatchObject({
      name: 'GET /v1/scm_integrations/:id/search_repos',
      parentSpanId: 'b7ad6b7169203331',
    })
    const parts = all.filter(({ parentSpanId, kind }) => parentSpanId === search?.spanId && kind === CLIENT)
    const call = parts.find(({ name }) => name === 'GET 127.0.0.1')
    expect(call?.attributes).toEqual({
      'http.request.method': 'GET',
      'server.address': '127.0.0.1',
      'http.response.status_code': 200,
      'forgelink.attempt': 1,
    })
    expect(parts.find(({ name }) => name === 'select scm_integrations')?.attributes).toEqual({
      'db.operation.name': 'select',
      'db.collection.name': 'scm_integrations',
    })
  })

  it('marks a call that failed', () => {
    const failed = collector.spans().filter(({ status }) => status.code === ERROR)
    expect(failed.map(({ name }) => name)).toContain('GET 127.0.0.1')
  })

  it('sends no token, name, address, query or message of an error', () => {
    const text = collector.bodies.join('\n')
    const token = platform.token('alice', 'full')
    const { token: apiToken, bearer, email, username, id } = alice
    expect(secretsIn(text, { token, apiToken, bearer, email, username, id, link })).toEqual([])
    expect(text).not.toContain('canary')
    expect(text).not.toContain('url.')
    expect(text).not.toMatch(/"message"/)
    // Of the process only what we say: a command line may hold a password.
    const [{ resourceSpans }] = collector.bodies.map((body) => JSON.parse(body.slice(body.indexOf('{'))))
    const resource = resourceSpans[0].resource.attributes.map(({ key }: Pair) => key)
    expect(resource.sort()).toEqual(['service.name', 'service.version'])
  })

  it('lets no platform hear of it', () => {
    expect(platform.requests.length).toBeGreaterThan(2)
    for (const { headers } of platform.requests) {
      expect(
        Object.keys(headers).filter((name) => /^(traceparent|tracestate|baggage|b3|x-b3-.*|uber-.*)$/.test(name)),
      ).toEqual([])
      expect(JSON.stringify(headers)).not.toContain(TRACE)
    }
  })
})

it('tells the operator when the collector takes nothing, and serves all the same', async () => {
  const collector = await startCollector(400)
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', collector.url)
  const told: LogEntry[] = []
  const traces = await openTraces((...entry) => told.push(entry))
  const service = await startService('SQLite', {}, { traces, log: traces.log, ran: traces.ran })
  expect((await send('GET', `${service.url}/healthz`)).status).toBe(200)
  await service.close()
  await traces.close()
  vi.unstubAllEnvs()
  collector.server.close()
  // The request, and what it asked the store: nothing.
  expect(told).toEqual([['traces_not_sent', { spans: 1 }]])
})

// Of `import`, and of `require`.
it.each(['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'])('stops the start with what to install: %s', async (code) => {
  const missing = Object.assign(new Error("Cannot find '@fastify/otel'"), { code })
  const opened = openTraces(
    () => undefined,
    () => Promise.reject(missing),
  )
  await expect(opened).rejects.toThrow(
    `TRACES needs packages that are not installed; install them beside Forgelink: npm install --no-save --prefix ${resolve(import.meta.dirname, '..', '..')} ${TRACE_PACKAGES.join(' ')}`,
  )
})

it('names the packages that package.json and docs/operations.md name', () => {
  const read = (path: string) => readFileSync(resolve(import.meta.dirname, '..', path), 'utf8')
  const { devDependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(read('package.json'))
  const names = Object.keys(peerDependencies)
  expect(names.map((name) => `${name}@${devDependencies[name]}`)).toEqual(TRACE_PACKAGES)
  expect(peerDependenciesMeta).toEqual(Object.fromEntries(names.map((name) => [name, { optional: true }])))
  expect(read('docs/operations.md')).toContain(`--prefix .. ${TRACE_PACKAGES.join(' ')}\n`)
})
