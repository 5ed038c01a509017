// Signing in at the OpenID provider in tests: from our sign-in page, through the provider's own addresses, and back.

import { randomBytes } from 'node:crypto'
import { type Browser, openBrowser, readForm } from './browser.ts'
import { goesTo } from './oauth.ts'
import type { OpenIdProvider } from './openid-provider.ts'
import type { Answer, Service } from './service.ts'

/** One person's browser, which has cookies of both. */
export interface Visitor {
  here: Browser
  there: Browser
}

export function openVisitor(service: Pick<Service, 'url'>, provider: OpenIdProvider): Visitor {
  return { here: openBrowser(service), there: openBrowser({ url: provider.issuer }) }
}

/** The form for the provider on our sign-in page, sent: the provider's address. */
export async function beginSignIn({ here }: Visitor, returnTo = '/profile'): Promise<string> {
  return goesTo(await sendSignIn(here, returnTo))
}

export async function sendSignIn(here: Browser, returnTo = '/profile'): Promise<Answer> {
  const page = await here.get(`/sign-in?return_to=${encodeURIComponent(returnTo)}`)
  const form = /<form method="post" action="\/sign-in\/oidc">[\s\S]*?<\/form>/.exec(page.text)?.[0]
  if (!form) throw new Error(`no form for the provider in:\n${page.text}`)
  return here.post('/sign-in/oidc', readForm(form).hidden)
}

/** Follows the provider's redirects; the address of ours at which they end. */
export async function followThere({ there }: Pick<Visitor, 'there'>, address: string, own: string): Promise<string> {
  let next = address
  for (let hops = 0; hops < 10; hops++) {
    if (next.startsWith(own)) return next
    const answer = await there.get(next)
    const location = answer.headers.get('location')
    if (!location) throw new Error(`the provider answered ${answer.status}: ${answer.text}`)
    next = new URL(location, next).href
  }
  throw new Error(`the provider redirects again and again, now to ${next}`)
}

/** A person who is new at each try of a test, and who is the next to sign in there; returns their `sub`. */
export function addPerson(provider: OpenIdProvider, name: string, claims: Record<string, unknown> = {}): string {
  const sub = `${name}-${randomBytes(4).toString('hex')}`
  provider.people.set(sub, { preferred_username: sub, email: `${sub}@corp.example`, email_verified: true, ...claims })
  provider.answer = { person: sub }
  return sub
}

/** All of it: our answer to the callback. */
export async function signInThere(
  visitor: Visitor,
  service: Pick<Service, 'url'>,
  returnTo = '/profile',
): Promise<Answer> {
  const address = await beginSignIn(visitor, returnTo)
  return visitor.here.get(await followThere(visitor, address, service.url))
}
