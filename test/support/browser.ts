// A browser without a window: it keeps cookies, fills in forms and follows redirects only when told.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Environment } from '../../src/config.ts'
import type { Account, Answer, Service } from './service.ts'
import { send } from './service.ts'

/** An array stands for several fields of one name. */
type Fields = Record<string, string | string[]>

export interface Browser {
  /** By host and port; change it as you like. */
  cookies: Map<string, string>
  get(address: string, headers?: Record<string, string>): Promise<Answer>
  /** Sends the page's form with these fields beside its hidden ones; throws when the page has no form. */
  submit(page: Answer, fields?: Fields, headers?: Record<string, string>): Promise<Answer>
  /** A form that no page has. */
  post(address: string, fields: Fields, headers?: Record<string, string>): Promise<Answer>
  /** A call as our own pages send it, with the session's CSRF token. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  signIn(account: Account, returnTo?: string): Promise<Answer>
}

/** Settings that let a service know its own address before it listens there. */
export async function ownAddress(): Promise<Environment> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return { PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}` }
}

export function openBrowser(service: Pick<Service, 'url'>): Browser {
  const cookies = new Map<string, string>()

  async function ask(
    method: string,
    address: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const url = new URL(address, service.url)
    const isOwn = url.origin === service.url
    const cookie = isOwn ? [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') : ''
    const answer = await send(method, url.href, body, {
      ...(cookie && { cookie }),
      ...(method !== 'GET' && { origin: url.origin }),
      ...headers,
    })
    if (isOwn) for (const line of answer.headers.getSetCookie()) keep(line)
    return answer
  }

  function keep(line: string): void {
    const [pair = ''] = line.split(';')
    const [name = '', value = ''] = pair.split('=')
    if (/max-age=0/i.test(line)) cookies.delete(name)
    else cookies.set(name, value)
  }

  function post(address: string, fields: Fields, headers?: Record<string, string>): Promise<Answer> {
    const type = 'application/x-www-form-urlencoded'
    const pairs = Object.entries(fields).flatMap(([name, value]) =>
      [value].flat().map((one): [string, string] => [name, one]),
    )
    return ask('POST', address, new URLSearchParams(pairs).toString(), { 'content-type': type, ...headers })
  }

  const browser: Browser = {
    cookies,
    get: (address, headers) => ask('GET', address, undefined, headers),
    post,
    async submit(page, fields = {}, headers) {
      const { action, hidden } = readForm(page.text)
      return post(action, { ...hidden, ...fields }, headers)
    },
    async call(method, path, body, headers) {
      const { json } = await ask('GET', '/session')
      return ask(method, path, body, { 'x-csrf-token': json.session?.csrf_token ?? '', ...headers })
    },
    async signIn(account, returnTo = '/profile') {
      const page = await browser.get(`/sign-in?return_to=${encodeURIComponent(returnTo)}`)
      return browser.submit(page, { login: account.username, password: account.password })
    },
  }
  return browser
}

/** The session's cookie as it is sent, `name=value`; undefined when the browser has none. The port may be a part of the name. */
export function sessionCookieOf({ cookies }: Pick<Browser, 'cookies'>): string | undefined {
  const found = [...cookies].find(([name]) => /^(__(Host|Secure)-)?forgelink(-\d+)?$/.test(name))
  return found?.join('=')
}

/** Its value alone. */
export function sessionValueOf(browser: Pick<Browser, 'cookies'>): string | undefined {
  return sessionCookieOf(browser)?.split('=')[1]
}

/** The first form of a page that is sent by POST. */
export function readForm(text: string): { action: string; hidden: Record<string, string> } {
  const [, action, inside] = /<form method="post" action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/.exec(text) ?? []
  if (action === undefined || inside === undefined) throw new Error(`there is no form in:\n${text}`)
  const hidden: Record<string, string> = {}
  for (const [, name = '', value = ''] of inside.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)) {
    hidden[plain(name)] = plain(value)
  }
  return { action: plain(action), hidden }
}

/** Text as it was before it was escaped for HTML. */
export function plain(text: string): string {
  return text.replace(/&#(\d+);/g, (_entity, code) => String.fromCharCode(Number(code)))
}
