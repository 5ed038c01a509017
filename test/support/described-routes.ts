// The API's routes as its own description lists them, made from the route schemas, and requests for them that are more or less right.

import fc from 'fast-check'
import { send } from './service.ts'

/** JSON Schema, as far as our routes use it. */
interface Schema {
  type?: string
  properties?: Record<string, Schema>
  examples?: unknown[]
}

export interface DescribedRoute {
  name: string
  method: string
  /** With `{id}` for what has to be filled in. */
  path: string
  query: { name: string; schema: Schema }[]
  body: Schema | null
}

/** What a request is made of; a header that is null is left out. */
export interface Call {
  path: string
  headers: Record<string, string>
  body: string | Uint8Array | undefined
}

export async function describedRoutes(url: string): Promise<DescribedRoute[]> {
  const { json } = await send('GET', `${url}/openapi.json`)
  const resolve = (schema: Schema & { $ref?: string }): Schema =>
    schema.$ref ? json.components.schemas[schema.$ref.split('/').at(-1) ?? ''] : schema
  return Object.entries<Record<string, Record<string, unknown>>>(json.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const parameters = (operation.parameters ?? []) as { in: string; name: string; schema: Schema }[]
      const body = operation.requestBody as { content: Record<string, { schema: Schema }> } | undefined
      const schema = body?.content['application/json']?.schema
      return {
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        query: parameters.filter((parameter) => parameter.in === 'query'),
        body: schema ? resolve(schema) : null,
      }
    }),
  )
}

/** Text that has broken programs before. */
const oddText = fc.constantFrom(
  '',
  ' ',
  '\0',
  '%00',
  '\u202Eabc',
  '\ud800',
  "' or 1=1 --",
  '../../etc/passwd',
  '..',
  '<script>alert(1)</script>',
  '{{7*7}}',
  '\r\nX-Injected: 1',
  '__proto__',
  'constructor',
  '9'.repeat(400),
  'x'.repeat(2_000),
  '🔑',
  '-1',
  '1e9',
  'null',
  '[]',
)

const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 40 }), oddText)

function anyValueOf(schema: Schema): fc.Arbitrary<unknown> {
  const anything = fc.oneof(text, fc.jsonValue({ maxDepth: 3 }))
  const examples = schema.examples?.length ? [fc.constantFrom(...schema.examples)] : []
  if (schema.properties) return fc.oneof({ weight: 4, arbitrary: objectOf(schema.properties) }, anything)
  return fc.oneof({ weight: 2, arbitrary: text }, anything, ...examples)
}

/** Each member right, wrong or missing, and now and then one that nobody knows. */
function objectOf(properties: Record<string, Schema>): fc.Arbitrary<unknown> {
  const members = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, anyValueOf(schema)]))
  const known = fc.record(members, { requiredKeys: [] })
  const others = fc.dictionary(text, fc.jsonValue({ maxDepth: 1 }), { maxKeys: 1 })
  return fc.tuple(known, others).map(([some, more]) => ({ ...more, ...some }))
}

/** Without halves of characters, which no client can encode. */
function wellFormed(each: string): string {
  return Buffer.from(each).toString()
}

/** A path segment as a client would write it, and as one that means harm would. */
function segment(ids: string[]): fc.Arbitrary<string> {
  const encoded = text.map((each) => encodeURIComponent(wellFormed(each)))
  const raw = fc.constantFrom('%', '%zz', '%c0%ae', '..%2f..', '%2e%2e', '%00', ';', 'a'.repeat(9_000))
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...ids) }, encoded, raw)
}

function queryText(route: DescribedRoute): fc.Arbitrary<string> {
  const names = [...route.query.map(({ name }) => name), 'unknown', '']
  const examples = [
    '1',
    '20',
    'example fork:true',
    'is:open repo:a/b',
    'a/b',
    ...route.query.flatMap(({ schema }) => schema.examples ?? []),
  ]
  const value = fc.oneof(fc.constantFrom(...examples.map(String)), text)
  const pair = fc
    .tuple(fc.constantFrom(...names), value)
    .map(([name, each]) => `${name}=${encodeURIComponent(wellFormed(each))}`)
  const pairs = fc.array(pair, { maxLength: 4 }).map((all) => (all.length > 0 ? `?${all.join('&')}` : ''))
  return fc.oneof({ weight: 5, arbitrary: pairs }, fc.constantFrom('?', '?%', '?query=%ff%fe', '?&&==', '?query'))
}

const contentType = fc.oneof(
  { weight: 8, arbitrary: fc.constant('application/json') },
  fc.constantFrom(
    'application/json; charset=utf-16',
    'text/plain',
    'multipart/form-data',
    '',
    'application/x-www-form-urlencoded',
    ';',
  ),
)

function bodyOf(schema: Schema | null): fc.Arbitrary<string | Uint8Array | undefined> {
  const shaped = schema ? [{ weight: 6, arbitrary: anyValueOf(schema).map((value) => JSON.stringify(value)) }] : []
  const odd = fc.constantFrom(
    '',
    '{',
    '[]',
    'null',
    '"x"',
    '{}',
    '{"a":1,}',
    '\uFEFF{}',
    '['.repeat(50) + ']'.repeat(50),
    '{"__proto__":{"x":1}}',
  )
  return fc.oneof(...shaped, odd, fc.json(), fc.uint8Array({ maxLength: 200 }), fc.constant(undefined))
}

/** Requests for a route. `ids`: those that `{id}` may really name. */
export function callsOf(route: DescribedRoute, ids: string[]): fc.Arbitrary<Call> {
  const hasBody = !['GET', 'HEAD'].includes(route.method)
  return fc
    .record({
      id: segment(ids),
      query: queryText(route),
      type: contentType,
      body: hasBody ? bodyOf(route.body) : fc.constant(undefined),
    })
    .map(({ id, query, type, body }) => ({
      path: route.path.replace('{id}', id) + query,
      headers: body === undefined || type === '' ? {} : { 'content-type': type },
      body,
    }))
}
