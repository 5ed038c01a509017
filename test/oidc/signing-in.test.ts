// Signing in at a real OpenID provider: whose account it is, who gets one, and who is refused.

import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { ownAddress } from '../support/browser.ts'
import { headingOf } from '../support/oauth.ts'
import { beginSignIn, followThere, openVisitor, signInThere } from '../support/oidc-visit.ts'
import { type OpenIdProvider, oidcSettings, startOpenIdProvider } from '../support/openid-provider.ts'
import { describeOnBothEngines, type Service, startService } from '../support/service.ts'

describeOnBothEngines('signing in at the OpenID provider', (engine) => {
  let provider: OpenIdProvider
  let service: Service

  beforeAll(async () => {
    const address = await ownAddress()
    provider = await startOpenIdProvider(address.PUBLIC_URL ?? '')
    service = await startService(engine, { ...address, ...oidcSettings(provider) })
  })
  afterAll(async () => {
    await service?.close()
    await provider?.stop()
  })

  /** A person who is new at each try of a test. */
  function person(name: string, claims: Record<string, unknown> = {}): string {
    const sub = `${name}-${Math.random().toString(36).slice(2)}`
    provider.people.set(sub, { preferred_username: sub, email: `${sub}@corp.example`, email_verified: true, ...claims })
    provider.answer = { person: sub }
    return sub
  }

  it('makes the user at the first sign-in, and finds them at the second', async () => {
    const sub = person('first')
    const visitor = openVisitor(service, provider)
    const answer = await signInThere(visitor, service, '/keys')
    expect([answer.status, answer.headers.get('location'), answer.text]).toEqual([303, '/keys', ''])
    const { user } = (await visitor.here.get('/session')).json.session
    expect([user.username, user.email]).toEqual([sub, `${sub}@corp.example`])
  })
})
