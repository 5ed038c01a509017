// A minimal browser for pages that work without a script: it handles cookies, redirects and forms.

/** The last page's address and content. */
export interface VisitedPage {
  url: URL
  html: string
}

export interface FormBrowser {
  visit(url: string | URL): Promise<VisitedPage>
  /** Fills in the page's first form, sends it, and follows redirects to the next page. */
  submit(page: VisitedPage, filledIn: Record<string, string>): Promise<VisitedPage>
}

const MAX_REDIRECTS = 10

export function openFormBrowser(): FormBrowser {
  const cookies = new Map<string, Map<string, string>>()

  async function go(start: URL, init: { method: string; body?: URLSearchParams }): Promise<VisitedPage> {
    let url = start
    let request: RequestInit = { ...init, redirect: 'manual' }
    for (let hops = 0; hops <= MAX_REDIRECTS; hops++) {
      const jar = cookies.get(url.origin) ?? new Map<string, string>()
      cookies.set(url.origin, jar)
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
      const response = await fetch(url, { ...request, headers: { cookie, origin: url.origin } })
      for (const line of response.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        jar.set(name, value)
      }
      const html = await response.text()
      const location = response.headers.get('location') ?? refreshOf(html)
      if (location === null) return { url, html }
      url = new URL(location, url)
      request = { method: 'GET', redirect: 'manual' }
    }
    throw new Error(`${start.origin} redirects again and again`)
  }

  return {
    visit: (url) => go(new URL(url), { method: 'GET' }),
    submit({ url, html }, filledIn) {
      const body = new URLSearchParams()
      for (const [input = ''] of html.matchAll(/<input [^>]*>/g)) {
        const [type, name] = [attribute(input, 'type'), attribute(input, 'name')]
        const counts = (type !== 'checkbox' && type !== 'radio') || / checked/.test(input)
        if (name !== null && counts && !(name in filledIn)) body.append(name, attribute(input, 'value') ?? '')
      }
      for (const [name, value] of Object.entries(filledIn)) body.append(name, value)
      const action = attribute(/<form [^>]*>/.exec(html)?.[0] ?? '', 'action') ?? url.href
      return go(new URL(action, url), { method: 'POST', body })
    },
  }
}

/** Where a page sends the browser on to at once, as Forgelink's does on the way to a platform. */
function refreshOf(html: string): string | null {
  const tag = /<meta http-equiv="refresh" [^>]*>/.exec(html)?.[0] ?? ''
  return /^0; url=(.*)$/.exec(attribute(tag, 'content') ?? '')?.[1] ?? null
}

function attribute(tag: string, name: string): string | null {
  const value = new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1]
  return value === undefined
    ? null
    : value
        .replaceAll('&quot;', '"')
        .replaceAll('&#39;', "'")
        .replaceAll(/&(amp|#38);/g, '&')
}
