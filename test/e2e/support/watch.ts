// Watches a page: what it writes to the console, throws, or asks of anybody but our server.

import type { Page } from 'playwright-core'

/** The list grows while the page lives. Going to a platform's own page is allowed, loading anything from it is not. */
export function watch(page: Page, platforms: string[]): string[] {
  const problems: string[] = []
  page.on('console', (message) => {
    const { url } = message.location()
    // What a platform's page lacks is its own business; a refusal by the API is the subject of some tests.
    if (url && platforms.includes(new URL(url).origin)) return
    if (/^Failed to load resource: .* status of 4\d\d/.test(message.text()) && /\/(v1|session)\b/.test(url)) return
    if (['error', 'warning'].includes(message.type())) problems.push(`console: ${message.text()} (${url})`)
  })
  page.on('pageerror', (error) => problems.push(`thrown: ${error.message}`))
  page.on('request', (request) => {
    const { origin } = new URL(request.url())
    const visit = request.isNavigationRequest() && platforms.includes(origin)
    if (!visit && page.url().startsWith('http') && !sameSite(origin, page.url(), platforms)) {
      problems.push(`another origin: ${request.method()} ${request.url()}`)
    }
  })
  return problems
}

/** Whether the request goes to where the page came from; on a platform's page, its own requests are its own business. */
function sameSite(origin: string, pageUrl: string, platforms: string[]): boolean {
  const from = new URL(pageUrl).origin
  return origin === from || platforms.includes(from)
}
