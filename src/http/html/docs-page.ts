// The page /docs: every call of the API with its parameters and an example, made from the description at /openapi.json.

import type { Config } from '../../config.ts'
import { publicPath } from '../public-path.ts'
import type { App } from '../server.ts'
import type { Html } from './html.ts'
import { html } from './html.ts'
import { sendPage } from './layout.ts'

/** What of the description is shown; the routes' own schemas have no references in it. */
interface Schema {
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
}

/** On an `app` that `configurePages` has set up. */
export function docsPageRoute(app: App, config: Config): void {
  app.get('/docs', { schema: { hide: true } }, async (_request, reply) => {
    const description = publicPath(config, '/openapi.json')
    const intro = html`<p>Every call below but the exchange of tokens is made with <code>Authorization: Bearer TOKEN</code>.
The whole description, for programs, is <a href="${description}">${description}</a> (OpenAPI 3.1).</p>
<p><a href="${publicPath(config, '/profile')}">Back to Forgelink</a></p>`
    const body = html`${intro}${sections(config.publicUrl, app.swagger().paths ?? {})}`
    return sendPage(config, reply, 200, { title: 'API', body, wide: true })
  })
}

function sections(publicUrl: string, paths: object): Html[] {
  const byTag = new Map<string, Html[]>()
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries<Operation>(methods)) {
      const tag = operation.tags?.[0] ?? 'Others'
      byTag.set(tag, [...(byTag.get(tag) ?? []), callOnPage(publicUrl, method.toUpperCase(), path, operation)])
    }
  }
  return [...byTag].map(([tag, calls]) => html`<h2>${tag}</h2>\n${calls}`)
}

function callOnPage(publicUrl: string, method: string, path: string, operation: Operation): Html {
  const { summary = '', description, parameters = [] } = operation
  const sentence = description === undefined ? summary : `${summary}. ${description}`
  const fields = fieldsOf(bodySchema(operation))
  return html`<section>
<h3><code>${method} ${path}</code></h3>
<p>${sentence}</p>
${parameters.length + fields.length === 0 ? null : html`<ul>${[...parameters.map(parameterItem), ...fields]}</ul>`}
<pre><code>${exampleOf(publicUrl, method, path, operation)}</code></pre>
</section>
`
}

function parameterItem({ name, in: location, required, description }: Parameter): Html {
  return item(name, `in the ${location}`, required === true, description)
}

/** Of a body `{"key": {"name": …}}` the fields inside. */
function fieldsOf(schema: Schema | undefined): Html[] {
  return Object.entries(schema?.properties ?? {}).flatMap(([root, inner]) =>
    Object.entries(inner.properties ?? {}).map(([name, { description }]) =>
      item(`${root}.${name}`, 'in the body', inner.required?.includes(name) === true, description),
    ),
  )
}

function item(name: string, location: string, required: boolean, description: string | undefined): Html {
  const words = `${location}${required ? '' : ', optional'}${description === undefined ? '' : `: ${description}`}`
  return html`<li><code>${name}</code> ${words}</li>\n`
}

function bodySchema({ requestBody }: Operation): Schema | undefined {
  return requestBody?.content?.['application/json']?.schema
}

function exampleOf(publicUrl: string, method: string, path: string, operation: Operation): string {
  const { parameters = [], security } = operation
  const query = parameters
    .filter((parameter) => parameter.in === 'query' && parameter.required)
    .map(({ name, example = '…' }) => `${name}=${inQuery(String(example))}`)
  const address = `${publicUrl}${path.replace(/\{(\w+)\}/g, (_all, name) => name.toUpperCase())}`
  const schema = bodySchema(operation)
  return [
    `curl${method === 'GET' ? '' : ` -X ${method}`}`,
    ...credentials(security),
    ...(schema ? ["-H 'Content-Type: application/json'", `-d '${JSON.stringify(sampleOf(schema))}'`] : []),
    `'${[address, ...(query.length > 0 ? [query.join('&')] : [])].join('?')}'`,
  ].join(' ')
}

/** As people write it in an address: `user:acme/tools`. */
function inQuery(text: string): string {
  return encodeURIComponent(text).replaceAll('%20', '+').replaceAll('%3A', ':').replaceAll('%2F', '/')
}

/** `undefined`: as every other call of the API. */
function credentials(security: Operation['security']): string[] {
  const names = security === undefined ? ['bearer'] : security.flatMap((one) => Object.keys(one))
  if (names.includes('bearer')) return ['-H "Authorization: Bearer $BEARER_TOKEN"']
  if (names.includes('apiToken')) return ['--user ":$API_TOKEN"']
  return names.includes('metricsToken') ? ['-H "Authorization: Bearer $METRICS_TOKEN"'] : []
}

function sampleOf({ examples, enum: values, properties, required = [], type }: Schema): unknown {
  if (examples?.[0] !== undefined) return examples[0]
  if (values?.[0] !== undefined) return values[0]
  if (properties) {
    const wanted = Object.entries(properties).filter(([name]) => required.includes(name))
    return Object.fromEntries(wanted.map(([name, schema]) => [name, sampleOf(schema)]))
  }
  return [type].flat().includes('integer') ? 1 : '…'
}
