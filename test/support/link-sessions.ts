// A platform in front, for tests: it makes link sessions for its users, and its users' browsers go through them.

import { type Browser, openBrowser, plain } from './browser.ts'
import { decide, goesTo } from './oauth.ts'
import type { Answer, Service } from './service.ts'
import type { ServiceAccount } from './service-tokens.ts'
import { ISSUER } from './service-tokens.ts'

export const RETURN_URLS = 'https://paas.example/account, http://localhost:9/done'
export const RETURN_URL = 'https://paas.example/account/linked?tab=code'

type Call = (method: string, path: string, body?: unknown) => Promise<Answer>

/** A user of the platform in front, for whom it calls. */
export interface Customer {
  id: string
  call: Call
  /** A new link session. */
  make(input?: object): Promise<{ id: string; url: string; status: string; expires_at: string }>
  show(id: string): Promise<{ id: string; status: string; integration: string | null; error: string | null }>
  complete(id: string, code: string): Promise<Answer>
}

export async function addCustomer(console: ServiceAccount, name: string): Promise<Customer> {
  const call = await console.actFor({ issuer: ISSUER, subject: name, username: name })
  const { json } = await call('GET', '/v1/users/self')
  return {
    id: json.user.id,
    call,
    async make(input = {}) {
      const body = { link_session: { return_url: RETURN_URL, ...input } }
      const answer = await call('POST', '/v1/link_sessions', body)
      if (answer.status !== 201) throw new Error(`making a link session answered ${answer.status}: ${answer.text}`)
      return answer.json.link_session
    },
    show: async (id) => (await call('GET', `/v1/link_sessions/${id}`)).json.link_session,
    complete: (id, code) => call('POST', `/v1/link_sessions/${id}/complete`, { code }),
  }
}

/** A form of the page, by the end of its action, with these fields beside its hidden ones. */
export function sendForm(
  browser: Browser,
  page: Answer,
  action: string,
  fields: Record<string, string> = {},
): Promise<Answer> {
  const forms = page.text.matchAll(/<form method="post" action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)
  for (const [, address = '', inside = ''] of forms) {
    if (!address.endsWith(`/${action}`)) continue
    const hidden = [...inside.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)]
    const values = hidden.map(([, name = '', value = '']) => [plain(name), plain(value)])
    return browser.post(plain(address), { ...Object.fromEntries(values), ...fields })
  }
  throw new Error(`there is no form for ${action} in:\n${page.text}`)
}

/** Opens the address in a new browser and presses the button: as far as the page to choose. */
export async function begin(service: Pick<Service, 'url'>, url: string, browser = openBrowser(service)) {
  const first = await browser.get(url)
  const begun = await sendForm(browser, first, 'begin')
  if (begun.status !== 303) throw new Error(`beginning answered ${begun.status}: ${begun.text}`)
  return { browser, page: await browser.get(begun.headers.get('location') ?? '') }
}

/** The form of an OAuth platform, as far as the address that the platform sends the browser back to. */
export async function goThroughOAuth(
  { browser, page }: { browser: Browser; page: Answer },
  scmType: 'github' | 'gitlab',
  options: Parameters<typeof decide>[2] = {},
): Promise<string> {
  const forms = page.text.split('<form ').filter((part) => part.includes(`name="scm_type" value="${scmType}"`))
  const [form = ''] = forms
  return decide(browser, goesTo(await sendForm(browser, { ...page, text: `<form ${form}` }, 'oauth')), options)
}

/** The query with which the browser goes back to the platform in front. */
export function backWith(page: Answer, returnUrl = RETURN_URL): Record<string, string> {
  const url = new URL(goesTo(page))
  const wanted = new URL(returnUrl)
  if (url.origin + url.pathname !== wanted.origin + wanted.pathname) throw new Error(`it went to ${url}`)
  return Object.fromEntries(url.searchParams)
}
