// The description of the API (OpenAPI 3.1), made from the route schemas and served at /openapi.json.

import type { FastifySchema, RouteOptions } from 'fastify'
import Fastify from 'fastify'
import type { FailureCode } from '../failure.ts'
import { listOf } from '../text.ts'
import { failureResponses, type NamedResponse, otherFailures } from './failure-schemas.ts'
import type { App } from './server.ts'

declare module 'fastify' {
  interface FastifySchema {
    /** Failures of the route's own work; those of its method, credentials and fields are added automatically. */
    failures?: FailureCode[]
  }
}

/** What a bearer token needs, by method and route. */
interface RouteRules {
  scopeFor(method: string, route: string): string
  /** Whether the route takes a token of somebody who acts for the user. */
  isOpenToDelegates(method: string, route: string): boolean | undefined
}

const CALLER: FailureCode[] = ['unauthorized', 'rate_limited', 'store_unavailable']

/** Of a bearer token that is a JWT of a trusted issuer. */
const TRUSTED_ISSUER: FailureCode[] = ['claim_required', 'user_unknown', 'issuer_email_taken', 'issuer_unavailable']

/** The kinds of credentials, and the failures of each. */
const credentials = {
  bearer: {
    scheme: {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'From POST /v1/tokens/exchange, or of an issuer that the operator trusts.',
    },
    failures: [...CALLER, 'insufficient_scope', ...TRUSTED_ISSUER],
  },
  apiToken: {
    scheme: { type: 'http', scheme: 'basic', description: 'Empty user name, API token as password.' },
    failures: CALLER,
  },
  password: {
    scheme: { type: 'http', scheme: 'basic', description: 'User name or e-mail address, and password.' },
    failures: CALLER,
  },
  metricsToken: {
    scheme: {
      type: 'http',
      scheme: 'bearer',
      description: 'METRICS_TOKEN; without that setting there is no such path.',
    },
    failures: ['unauthorized'],
  },
} satisfies Record<string, { scheme: object; failures: FailureCode[] }>

const EVERY_ROUTE: FailureCode[] = ['overloaded', 'internal']
const BODY: FailureCode[] = ['bad_json', 'bad_request', 'payload_too_large', 'unsupported_media_type']

/** The form that the plugin makes from a route's schema. */
interface Operation {
  operationId?: string
  security?: Record<string, string[]>[]
  parameters?: { in: string }[]
  requestBody?: object
  responses: Record<string, { description: string }>
  'x-failures'?: FailureCode[]
}

/** The description, made when it is asked for the first time. */
export type DescribeApi = () => Promise<Description>

/** Call it before the routes are registered. `platforms`: the names of those that can be linked. */
export function describeApi(
  app: App,
  { publicUrl, platforms, ...rules }: { publicUrl: string; platforms: string[] } & RouteRules,
): DescribeApi {
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => {
    const { method, url, schema } = route
    if (!schema?.hide && !(schema?.operationId && schema.failures)) {
      throw new Error(`The schema of ${method} ${url} has to tell its operationId and its failures, or to hide it`)
    }
    if (!schema.hide) routes.push(route)
  })
  const securitySchemes = Object.fromEntries(
    Object.entries(credentials).map(([name, { scheme }]) => [name, scheme as { type: 'http'; scheme: string }]),
  )
  const openapi = {
    openapi: '3.1.0',
    info: {
      title: 'Forgelink',
      version: '1',
      description: `Links accounts to ${listOf(platforms, 'and')}, and uses those links. The dashboard calls it with the cookie of its session instead of credentials, for which writes have two failures more: 403 with the code csrf or password_required.`,
    },
    servers: [{ url: publicUrl }],
    security: [{ bearer: [] }],
    components: { securitySchemes },
  }

  /** The plugin describes the routes of an app that has it; in ours it would cost every start a tenth of its time. */
  async function make(): Promise<Description> {
    const described = Fastify({ exposeHeadRoutes: false })
    described.setValidatorCompiler(() => () => true)
    described.setSerializerCompiler(() => JSON.stringify)
    await described.register((await import('@fastify/swagger')).default, {
      openapi,
      transform: ({ schema = {}, url }) => {
        const { failures, ...others } = schema as FastifySchema
        return { schema: { ...others, 'x-failures': failures }, url }
      },
    })
    for (const { method, url, schema } of routes) {
      if (method !== 'HEAD') described.route({ method, url, schema: schema ?? {}, handler: async () => undefined })
    }
    await described.ready()
    const description = completed(described.swagger() as unknown as Description, rules)
    await described.close()
    return description
  }

  let made: Promise<Description> | undefined
  return () => {
    made ??= make()
    return made
  }
}

/** Call it after the routes are registered. */
export function openApiRoute(app: App, describe: DescribeApi): void {
  app.get('/openapi.json', { schema: { hide: true } }, async () => describe())
}

export interface Description {
  paths: Record<string, Record<string, Operation>>
  components: { schemas?: Record<string, unknown>; responses?: Record<string, unknown> }
}

/** Adds what the routes' schemas do not say: failures, scopes, one id per operation, and components. */
function completed(description: Description, { scopeFor, isOpenToDelegates }: RouteRules): Description {
  const schemas: Record<string, unknown> = {}
  const responses: Record<string, unknown> = {}
  const ids = new Set<string>()

  function complete(path: string, method: string, { 'x-failures': own = [], ...operation }: Operation): object {
    const route = [method.toUpperCase(), path.replace(/\{(\w+)\}/g, ':$1')] as const
    const security = securityOf(operation, scopeFor(...route))
    const isPersonal = security.some((way) => 'bearer' in way) && !isOpenToDelegates(...route)
    const personal: FailureCode[] = isPersonal ? ['forbidden_for_delegate'] : []
    const failures = failureResponses([...failuresOf(method, security, operation), ...personal, ...own])
    const operationId = idFor(operation.operationId ?? '', method, ids)
    const done = Object.entries(operation.responses).map(([status, response]) => [status, named(status, response)])
    return {
      ...(withComponents({ ...operation, operationId, security }, schemas) as object),
      responses: {
        ...(withComponents(Object.fromEntries(done), schemas) as object),
        ...Object.fromEntries(
          Object.entries({ ...failures, default: otherFailures }).map(([status, response]) => [
            status,
            componentOf(response),
          ]),
        ),
      },
    }
  }

  function componentOf({ name, response }: NamedResponse): object {
    keep(responses, name, withComponents(response, schemas))
    return { $ref: `#/components/responses/${name}` }
  }

  const paths = Object.entries(description.paths).map(([path, operations]) => [
    path,
    Object.fromEntries(
      Object.entries(operations).map(([method, operation]) => [method, complete(path, method, operation)]),
    ),
  ])
  const components = { ...description.components, schemas: sorted(schemas), responses: sorted(responses) }
  return { ...description, paths: Object.fromEntries(paths), components }
}

function securityOf({ security = [{ bearer: [] }] }: Operation, scope: string): Record<string, string[]>[] {
  return security.map((way) => ('bearer' in way ? { bearer: [scope] } : way))
}

function failuresOf(method: string, security: Record<string, string[]>[], operation: Operation): FailureCode[] {
  const ways = security.flatMap((way) => Object.keys(way)) as (keyof typeof credentials)[]
  const hasFields = operation.requestBody !== undefined || operation.parameters?.some((each) => each.in === 'query')
  return [
    ...EVERY_ROUTE,
    ...ways.flatMap((way): FailureCode[] => credentials[way].failures),
    ...(method === 'get' ? [] : BODY),
    ...(hasFields ? ['invalid' as const] : []),
  ]
}

/** A route with two methods has two operations, which need different ids. */
function idFor(operationId: string, method: string, ids: Set<string>): string {
  const id = ids.has(operationId) ? `${operationId}By${method.charAt(0).toUpperCase()}${method.slice(1)}` : operationId
  if (ids.has(id)) throw new Error(`Two operations have the id ${id}`)
  ids.add(id)
  return id
}

const successes: Record<string, string> = { 200: 'Done.', 201: 'Made.' }

/** Replaces the plugin's description, which says nothing. */
function named(status: string, response: { description: string }): object {
  const isSaid = response.description !== 'Default Response'
  return isSaid ? response : { ...response, description: successes[status] ?? status }
}

/**
 * Replaces every schema that has a title by a reference. A field's `described` has rules that only the description
 * shows: `readBody` does not know them, because a check of the field's own gives a better message.
 */
function withComponents(value: unknown, schemas: Record<string, unknown>): unknown {
  if (Array.isArray(value)) return value.map((item) => withComponents(item, schemas))
  if (typeof value !== 'object' || value === null) return value
  const { described, ...members } = value as Record<string, unknown>
  const whole = Object.fromEntries(
    Object.entries({ ...members, ...(described as object) }).map(([name, member]) => [
      name,
      name === 'examples' ? member : withComponents(member, schemas),
    ]),
  )
  if (typeof whole.title !== 'string') return whole
  const { title, ...schema } = whole
  keep(schemas, title, schema)
  return { $ref: `#/components/schemas/${title}` }
}

function keep(components: Record<string, unknown>, name: string, component: unknown): void {
  if (name in components && JSON.stringify(components[name]) !== JSON.stringify(component)) {
    throw new Error(`Two components of the description have the name ${name}`)
  }
  components[name] = component
}

function sorted<T>(components: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(components).sort(([one], [other]) => (one < other ? -1 : 1)))
}
