// What a caller would rather read: a page, or JSON.

import type { FastifyRequest } from 'fastify'

/** Browsers name text/html when they visit an address; who takes anything is taken for a program. */
export function prefersHtml({ headers }: FastifyRequest): boolean {
  const accept = headers.accept ?? ''
  const html = qualityOf(accept, 'text/html')
  return html > 0 && html >= qualityOf(accept, 'application/json')
}

/** Of `text/html;q=0.9, application/json`: 0.9 for the one and 1 for the other; 0 for what is not named. */
function qualityOf(accept: string, type: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim())
    if (name !== type) continue
    const quality = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1)
    return Number.isNaN(quality) ? 0 : quality
  }
  return 0
}
