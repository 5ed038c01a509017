// Whether a caller prefers a page or JSON.

import type { FastifyRequest } from 'fastify'

/** Browsers name text/html when they open an address; a caller that accepts anything counts as a program. */
export function prefersHtml({ headers }: FastifyRequest): boolean {
  const accept = headers.accept ?? ''
  const html = qualityOf(accept, 'text/html')
  return html > 0 && html >= qualityOf(accept, 'application/json')
}

/** In `text/html;q=0.9, application/json`: 0.9 for the first and 1 for the second; 0 for a type that is not named. */
function qualityOf(accept: string, type: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim())
    if (name !== type) continue
    const quality = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
    return Number.isNaN(quality) ? 0 : quality
  }
  return 0
}
