// Creates the Fastify server: request ids, bodies, failures as JSON, no secrets in the log. The routes come from
// `app.ts`.

import { randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import SerializerSelector from '@fastify/fast-json-stringify-compiler'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  FastifyServerOptions,
  RawServerDefault,
} from 'fastify'
import Fastify, { LogController } from 'fastify'
import type { Config } from '../config.ts'
import { Failure, invalid } from '../failure.ts'
import { routePathBelow } from '../public-path.ts'
import { acceptBodies, BODY_LIMIT } from './body.ts'
import { answerClientError, answerFailure } from './failures.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Like `id`, but unique: callers may choose their `id` themselves. Events contain this one. */
    ownId: string
  }
}

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** Maximum length of path and query, in characters; our own queries have at most 1,024. */
const MAX_URL_LENGTH = 8192
/** How long headers and whole requests may take to arrive, in milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 15_000

/** `callerOf`: the fields of a request's line in the log that say who it is from. */
export function createServer(
  config: Pick<Config, 'logLevel' | 'trustProxy' | 'publicUrl'>,
  callerOf: (request: FastifyRequest) => Record<string, string>,
): App {
  const toRoutePath = routePathBelow(config.publicUrl)
  const app = Fastify({
    logger: {
      level: config.logLevel,
      // pino writes milliseconds and a number unless it is told otherwise: https://getpino.io/#/docs/api?id=options
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
      serializers: { req: () => ({}), err: () => ({ type: 'Error', message: '', stack: '' }) },
    },
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    bodyLimit: BODY_LIMIT,
    trustProxy: config.trustProxy.length > 0 ? config.trustProxy : false,
    return503OnClosing: false, // shutdown.ts answers in our own form
    requestTimeout: REQUEST_TIMEOUT_MS,
    // requestTimeout alone has no effect: Node checks it only every connectionsCheckingInterval.
    http: { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 500 },
    rewriteUrl: (request) => toRoutePath(foldSlashes(request.url ?? '/')),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: MAX_URL_LENGTH, querystringParser: readQuery },
    frameworkErrors: (_error, request, reply: FastifyReply) => {
      reply
        .status(404)
        .header('x-request-id', request.id)
        .type('application/json; charset=utf-8')
        .send('{"error":"This address cannot be read."}')
    },
    clientErrorHandler: answerClientError,
    schemaController: { compilersFactory: { buildValidator, buildSerializer } },
  }).withTypeProvider<TypeBoxTypeProvider>()
  acceptBodies(app)
  // Schemas only describe and serialise; input is checked by readBody, readPage and the query grammar.
  app.setValidatorCompiler(() => () => true)
  app.setErrorHandler(answerFailure)
  app.decorateRequest('ownId', '')
  app.addHook('onRequest', (request, reply, done) => {
    const isGiven = request.headers['x-request-id'] === request.id
    request.ownId = isGiven ? `${request.id}/${randomBytes(6).toString('hex')}` : request.id
    reply.header('x-request-id', request.id)
    reply.header('x-content-type-options', 'nosniff')
    reply.header('cache-control', 'no-store')
    if (request.url.length > MAX_URL_LENGTH) {
      reply.status(414).send({ error: `The address is over ${MAX_URL_LENGTH} characters.` })
      return
    }
    const { 'content-encoding': encoding, 'content-length': length, 'transfer-encoding': transfer } = request.headers
    // Without a body its content type means nothing, however it is written.
    if (!transfer && (length === undefined || length === '0')) delete request.raw.headers['content-type']
    if (encoding && encoding !== 'identity') {
      throw new Failure('unsupported_media_type', 'Compressed bodies are not taken: send the JSON as it is.')
    }
    done()
  })
  app.addHook('preValidation', (request, _reply, done) => {
    const query = request.query as Record<string, unknown>
    const repeated = Object.keys(query).filter((name) => Array.isArray(query[name]))
    const described = request.routeOptions.schema?.querystring as { properties?: object } | undefined
    const wrong = repeated.filter((name) => Object.hasOwn(described?.properties ?? {}, name))
    if (wrong.length > 0) throw invalid(Object.fromEntries(wrong.map((name) => [name, ['is there twice']])))
    done()
  })
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        request_id: request.id,
        ...(request.ownId !== request.id && { own_id: request.ownId }),
        method: request.method,
        route: request.routeOptions.url ?? 'none',
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime),
        ...callerOf(request),
      },
      'request',
    )
  })
  return app
}

type Compilers = Required<NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>>

/** Not called, since the compiler is set; but without it Fastify loads Ajv. */
const buildValidator: Compilers['buildValidator'] = () => {
  throw new Error('schemas check no input')
}

/** Compiles a serialiser at its first answer. Those of all routes take a quarter of a start. */
const buildSerializer: Compilers['buildSerializer'] = (...schemas) => {
  const compile = SerializerSelector()(...schemas)
  return (route) => {
    let serialize: ReturnType<typeof compile> | undefined
    return (value) => {
      serialize ??= compile(route)
      return serialize(value)
    }
  }
}

/** The caller's own id, if it is short and has only safe characters, because it is logged. */
function requestId(request: IncomingMessage): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && /^[A-Za-z0-9._:=/+-]{1,128}$/.test(given) ? given : randomUUID()
}

/** Clients whose base URL ends in a slash ask for `//v1/…`. */
function foldSlashes(url: string): string {
  if (!url.includes('//')) return url
  const [path = '/', ...query] = url.split('?')
  return [path.replace(/\/{2,}/g, '/'), ...query].join('?')
}

/** Form decoding: `+` and `%20` are spaces. A repeated name gives an array, which a hook rejects. */
function readQuery(text: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null)
  if (text === '') return query
  for (const [name, value] of new URLSearchParams(text)) {
    const before = query[name]
    query[name] = before === undefined ? value : [before, value].flat()
  }
  return query
}
