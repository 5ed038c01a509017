// The page /docs: every call of the API with its parameters and an example, made from /openapi.json.

import { publicPath } from '../../public-path.ts'
import type { App } from '../server.ts'
import type { Html } from './html.ts'
import { html } from './html.ts'
import { sendPage } from './layout.ts'

/** The parts of the description that are shown. */
interface Schema {
  $ref?: string
  type?: string | string[]
  description?: string
  properties?: Record<string, Schema>
  required?: string[]
  enum?: unknown[]
  examples?: unknown[]
}

interface Parameter {
  name: string
  in: string
  required?: boolean
  description?: string
  example?: unknown
}

interface Operation {
  summary?: string
  description?: string
  tags?: string[]
  security?: Record<string, string[]>[]
  parameters?: Parameter[]
  requestBody?: { content?: Record<string, { schema?: Schema }> }
  responses?: Record<string, Response>
}

interface Response {
  $ref?: string
  content?: Record<string, { schema?: Schema }>
}

interface Description {
  paths?: Record<string, Record<string, Operation>>
  components?: { schemas?: Record<string, Schema>; responses?: Record<string, Response> }
}

/** Returns what a reference to the components points to. */
type Resolve = <T extends { $ref?: string }>(value: T) => T

/** On an `app` that `configurePages` has set up. */
export function docsPageRoute(app: App, publicUrl: string, describe: () => Promise<object>): void {
  app.get('/docs', { schema: { hide: true } }, async (_request, reply) => {
    const description = publicPath(publicUrl, '/openapi.json')
    const intro = html`<p>Every call below but the exchange of tokens is made with <code>Authorization: Bearer TOKEN</code>.
The whole description, for programs, is <a href="${description}">${description}</a> (OpenAPI 3.1).</p>
<p><a href="${publicPath(publicUrl, '/profile')}">Back to Forgelink</a></p>`
    const body = html`${intro}${sections(publicUrl, (await describe()) as Description)}`
    return sendPage(publicUrl, reply, 200, { title: 'API', body, wide: true })
  })
}

function sections(publicUrl: string, { paths = {}, components = {} }: Description): Html[] {
  const resolve: Resolve = (value) => {
    const [, kind = '', name = ''] = /^#\/components\/(\w+)\/(\w+)$/.exec(value.$ref ?? '') ?? []
    const found = (components as Record<string, Record<string, object>>)[kind]?.[name]
    return found === undefined ? value : (found as typeof value)
  }
  const byTag = new Map<string, Html[]>()
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags?.[0] ?? 'Others'
      const call = callOnPage(publicUrl, method.toUpperCase(), path, operation, resolve)
      byTag.set(tag, [...(byTag.get(tag) ?? []), call])
    }
  }
  return [...byTag].map(([tag, calls]) => html`<h2>${tag}</h2>\n${calls}`)
}

function callOnPage(publicUrl: string, method: string, path: string, operation: Operation, resolve: Resolve): Html {
  const { summary = '', description, parameters = [], responses = {} } = operation
  const sentence = description === undefined ? summary : `${summary}. ${description}`
  const schema = bodySchema(operation)
  const fields = schema ? fieldsOf(schema, resolve) : []
  return html`<section>
<h3><code>${method} ${path}</code></h3>
<p>${sentence}</p>
${parameters.length + fields.length === 0 ? null : html`<ul>${[...parameters.map(parameterItem), ...fields]}</ul>`}
<pre><code>${exampleOf(publicUrl, method, path, operation, resolve)}</code></pre>
<p class="soft">Fails with ${failuresOf(responses, resolve)}.</p>
</section>
`
}

function parameterItem({ name, in: location, required, description }: Parameter): Html {
  return item(name, `in the ${location}`, required === true, description)
}

/** For a body `{"key": {"name": …}}`, the inner fields. */
function fieldsOf(schema: Schema, resolve: Resolve): Html[] {
  return Object.entries(resolve(schema).properties ?? {}).flatMap(([root, reference]) => {
    const { properties = {}, required = [] } = resolve(reference)
    return Object.entries(properties).map(([name, { description }]) =>
      item(`${root}.${name}`, 'in the body', required.includes(name), description),
    )
  })
}

/** "401, 403 (insufficient_scope), 404". */
function failuresOf(responses: Record<string, Response>, resolve: Resolve): string {
  const failures = Object.entries(responses).filter(([status]) => Number(status) >= 400)
  const words = failures.map(([status, response]) => {
    const schema = resolve(response).content?.['application/json']?.schema
    const codes = schema && resolve(schema).properties?.code?.enum
    return codes ? `${status} (${codes.join(', ')})` : status
  })
  return words.join(', ')
}

function item(name: string, location: string, required: boolean, description: string | undefined): Html {
  const words = `${location}${required ? '' : ', optional'}${description === undefined ? '' : `: ${description}`}`
  return html`<li><code>${name}</code> ${words}</li>\n`
}

function bodySchema({ requestBody }: Operation): Schema | undefined {
  return requestBody?.content?.['application/json']?.schema
}

function exampleOf(publicUrl: string, method: string, path: string, operation: Operation, resolve: Resolve): string {
  const { parameters = [], security } = operation
  const query = parameters
    .filter((parameter) => parameter.in === 'query' && parameter.required)
    .map(({ name, example = '…' }) => `${name}=${inQuery(String(example))}`)
  const address = `${publicUrl}${path.replace(/\{(\w+)\}/g, (_all, name) => name.toUpperCase())}`
  const schema = bodySchema(operation)
  return [
    `curl${method === 'GET' ? '' : ` -X ${method}`}`,
    ...credentials(security),
    ...(schema ? ["-H 'Content-Type: application/json'", `-d '${JSON.stringify(sampleOf(schema, resolve))}'`] : []),
    `'${[address, ...(query.length > 0 ? [query.join('&')] : [])].join('?')}'`,
  ].join(' ')
}

/** A value as people write it in an address: `user:acme/tools`. */
function inQuery(text: string): string {
  return encodeURIComponent(text).replaceAll('%20', '+').replaceAll('%3A', ':').replaceAll('%2F', '/')
}

/** `undefined`: like every other call of the API. */
function credentials(security: Operation['security']): string[] {
  const names = security === undefined ? ['bearer'] : security.flatMap((one) => Object.keys(one))
  if (names.includes('bearer')) return ['-H "Authorization: Bearer $BEARER_TOKEN"']
  if (names.includes('apiToken')) return ['--user ":$API_TOKEN"']
  return names.includes('metricsToken') ? ['-H "Authorization: Bearer $METRICS_TOKEN"'] : []
}

function sampleOf(schema: Schema, resolve: Resolve): unknown {
  const { examples, enum: values, properties, required = [], type } = resolve(schema)
  if (examples?.[0] !== undefined) return examples[0]
  if (values?.[0] !== undefined) return values[0]
  if (properties) {
    const wanted = Object.entries(properties).filter(([name]) => required.includes(name))
    return Object.fromEntries(wanted.map(([name, schema]) => [name, sampleOf(schema, resolve)]))
  }
  return [type].flat().includes('integer') ? 1 : '…'
}
