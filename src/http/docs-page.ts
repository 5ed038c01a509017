// The page /docs: every call of the API by name, made from the same description as /openapi.json.

import type { Html } from './html.ts'
import { html } from './html.ts'
import { sendPage } from './pages.ts'
import type { App } from './server.ts'

interface Operation {
  summary?: string
  description?: string
  tags?: string[]
}

/** On an `app` with the manners of pages. */
export function docsPageRoute(app: App): void {
  app.get('/docs', { schema: { hide: true } }, async (_request, reply) => {
    const intro = html`<p>Every call below but the exchange of tokens is made with <code>Authorization: Bearer TOKEN</code>.
The whole description, for programs, is <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p>`
    return sendPage(reply, 200, { title: 'API', body: html`${intro}${sections(app.swagger().paths ?? {})}` })
  })
}

function sections(paths: object): Html[] {
  const byTag = new Map<string, Html[]>()
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries<Operation>(methods)) {
      const tag = operation.tags?.[0] ?? 'Others'
      const item = html`<li><code>${method.toUpperCase()} ${path}</code><br>${operation.summary ?? ''}${more(operation)}</li>`
      byTag.set(tag, [...(byTag.get(tag) ?? []), item])
    }
  }
  return [...byTag].map(([tag, items]) => html`<h2>${tag}</h2><ul>${items}</ul>`)
}

function more({ description }: Operation): string {
  return description ? `. ${description}` : ''
}
