// A person's own sessions and identities: seen, ended, connected and removed; and proving once more that it is they.

import { decodeJwt, importJWK, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Browser, openBrowser, readForm } from '../support/browser.ts'
import { goesTo, headingOf } from '../support/oauth.ts'
import { type OidcStage, startOidcStage } from '../support/oidc-stage.ts'
import { addPerson, followThere, openVisitor, signInThere, type Visitor } from '../support/oidc-visit.ts'
import type { OpenIdProvider } from '../support/openid-provider.ts'
import { type Answer, describeOnBothEngines, type Service } from '../support/service.ts'

describeOnBothEngines('a person’s own sessions and identities', (engine) => {
  let provider: OpenIdProvider
  let service: Service
  let stage: OidcStage

  beforeAll(async () => {
    stage = await startOidcStage(engine)
    ;({ provider, service } = stage)
  })
  beforeEach(() => {
    provider.tamper = null
  })
  afterAll(() => stage?.close())

  async function withPassword(name: string) {
    const account = await service.addAccount(name)
    const visitor = openVisitor(service, provider)
    await visitor.here.signIn(account)
    return { ...visitor, account }
  }

  /** As if the session had been confirmed so long ago. */
  async function age({ here }: Visitor, minutes: number): Promise<void> {
    const { id } = (await here.get('/session')).json.session.user
    const time = new Date(Date.now() - minutes * 60_000).toISOString()
    await service.services.database
      .updateTable('sessions')
      .set({ confirmedAt: time })
      .where('userId', '=', id)
      .execute()
  }

  async function connect(visitor: Visitor): Promise<Answer> {
    const { status, json } = await visitor.here.call('POST', '/v1/identities')
    expect(status).toBe(201)
    return visitor.here.get(await followThere(visitor, json.identity.url, service.url))
  }

  async function identitiesOf({ here }: { here: Browser }) {
    return (await here.get('/v1/identities')).json.identities
  }

  it('lists the sessions, newest first, and ends one', async () => {
    const { account, here } = await withPassword('lists')
    const other = openVisitor(service, provider)
    await other.here.signIn(account)
    const { sessions } = (await here.get('/v1/sessions')).json
    expect(sessions).toHaveLength(2)
    expect(sessions.map(({ current }: { current: boolean }) => current)).toEqual([false, true])
    expect(sessions[0]).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      current: false,
      began_by: 'password',
      remote_ip: '127.0.0.1',
      user_agent: 'node',
      created_at: expect.stringMatching(/Z$/),
      last_used_at: expect.stringMatching(/Z$/),
    })
    expect((await here.call('DELETE', `/v1/sessions/${sessions[0].id.toUpperCase()}`)).status).toBe(204)
    expect((await other.here.get('/session')).status).toBe(401)
    const again = await here.call('DELETE', `/v1/sessions/${sessions[0].id}`)
    expect([again.status, again.json]).toEqual([404, { resource: 'session', error: 'not found' }])
    expect((await here.get('/v1/events?type=logout')).json.events).toMatchObject([{ via: 'session' }])
  })

  it('keeps others’ sessions from sight and from ending', async () => {
    const { here } = await withPassword('mine')
    const other = await withPassword('theirs')
    const [theirs] = (await other.here.get('/v1/sessions')).json.sessions
    expect((await here.call('DELETE', `/v1/sessions/${theirs.id}`)).status).toBe(404)
    expect((await other.here.get('/session')).status).toBe(200)
  })

  it('connects an identity, with which the person then signs in', async () => {
    const visitor = await withPassword('connects')
    const sub = addPerson(provider, 'connected', { email: visitor.account.email })
    const answer = await connect(visitor)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/account'])
    expect(await identitiesOf(visitor)).toMatchObject([{ issuer: provider.issuer, subject: sub, last_used_at: null }])
    const elsewhere = openVisitor(service, provider)
    await signInThere(elsewhere, service)
    expect((await elsewhere.here.get('/session')).json.session.user.id).toBe(visitor.account.id)
    // Once more changes nothing.
    expect((await connect(visitor)).status).toBe(303)
    expect(await identitiesOf(visitor)).toHaveLength(1)
    const { events } = (await visitor.here.get('/v1/events?type=new_identity')).json
    expect(events).toMatchObject([{ via: 'session', type_data: { subject: sub } }])
  })

  it('connects nothing that is another account’s', async () => {
    const other = await stage.signIn('occupied')
    const visitor = await withPassword('wants-it')
    provider.answer = { person: other.sub }
    const answer = await connect(visitor)
    expect([answer.status, answer.text.includes('belongs to another account here already')]).toEqual([409, true])
    expect([await identitiesOf(visitor), (await identitiesOf(other)).length]).toEqual([[], 1])
  })

  it('connects nothing for another session than the one that began', async () => {
    const visitor = await withPassword('begins')
    addPerson(provider, 'planted')
    const { json } = await visitor.here.call('POST', '/v1/identities')
    const callback = await followThere(visitor, json.identity.url, service.url)
    const victim = await withPassword('victim')
    expect((await victim.here.get(callback)).status).toBe(403)
    await visitor.here.call('POST', '/sign-out')
    expect((await visitor.here.get(callback)).status).toBe(403)
    expect(await identitiesOf(victim)).toEqual([])
  })

  it('connects only in a session of a browser that was confirmed lately', async () => {
    const visitor = await withPassword('old')
    await age(visitor, 6)
    const late = await visitor.here.call('POST', '/v1/identities')
    expect([late.status, late.json.code]).toEqual([403, 'password_required'])
    const forged = await visitor.here.call('POST', '/v1/identities', undefined, { 'x-csrf-token': 'x' })
    expect([forged.status, forged.json.code]).toEqual([403, 'csrf'])
    const program = await visitor.account.call('POST', '/v1/identities')
    expect([program.status, program.json.code]).toEqual([403, 'session_required'])
  })

  it('removes an identity, but not the last way to sign in', async () => {
    const visitor = await withPassword('removes')
    addPerson(provider, 'removed')
    await connect(visitor)
    const [identity] = await identitiesOf(visitor)
    expect((await visitor.here.call('DELETE', `/v1/identities/${identity.id}`)).status).toBe(204)
    expect((await visitor.here.call('DELETE', `/v1/identities/${identity.id}`)).json.resource).toBe('identity')

    const other = await stage.signIn('no-password')
    const [only] = await identitiesOf(other)
    const rejected = await other.here.call('DELETE', `/v1/identities/${only.id}`)
    expect([rejected.status, rejected.json.code]).toEqual([409, 'conflict'])
    expect(await identitiesOf(other)).toHaveLength(1)
    expect((await visitor.here.call('DELETE', `/v1/identities/${only.id}`)).status).toBe(404)
  })

  /** The form that a page of the dashboard sends when it has to be confirmed who is there. */
  async function confirmAt(visitor: Visitor, returnTo = '/tokens'): Promise<Answer> {
    const csrf = (await visitor.here.get('/session')).json.session.csrf_token
    const onward = await visitor.here.post('/sign-in/oidc', { csrf, return_to: returnTo })
    const there = goesTo(onward)
    expect(new URL(there).searchParams.get('max_age')).toBe('0')
    return visitor.here.get(await followThere(visitor, there, service.url))
  }

  it('takes a session at the provider for no proof, but a sign-in there now', async () => {
    const visitor = await stage.signIn('proves')
    const make = () => visitor.here.call('POST', '/v1/tokens', { token: { name: 'x' } })
    expect([(await make()).status, (await make()).json.code]).toEqual([403, 'password_required'])
    const answer = await confirmAt(visitor)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/tokens'])
    expect((await make()).status).toBe(201)
    await age(visitor, 6)
    expect((await make()).status).toBe(403)
  })

  it('takes no proof from a provider that does not say when, or says an earlier time', async () => {
    const visitor = await stage.signIn('lazy')
    for (const change of [{ auth_time: undefined }, { auth_time: Math.floor(Date.now() / 1000) - 120 }]) {
      provider.tamper = {
        route: 'token',
        change: async (body) => {
          const { jwk, kid } = provider.key()
          const claims = { ...decodeJwt(String(body.id_token)), ...change }
          const token = new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid })
          return { ...body, id_token: await token.sign(await importJWK(jwk, 'RS256')) }
        },
      }
      const answer = await confirmAt(visitor)
      expect([answer.status, headingOf(answer)]).toEqual([403, 'That did not work'])
      expect((await visitor.here.call('POST', '/v1/tokens', { token: { name: 'x' } })).status).toBe(403)
    }
  })

  it('takes no proof of somebody else', async () => {
    const visitor = await stage.signIn('one')
    addPerson(provider, 'another')
    const answer = await confirmAt({ ...visitor, there: openBrowser({ url: provider.issuer }) })
    expect([answer.status, answer.text.includes('as somebody else than here')]).toEqual([403, true])
    expect((await visitor.here.call('POST', '/v1/tokens', { token: { name: 'x' } })).status).toBe(403)
    expect((await visitor.here.get('/session')).json.session.user.username).toBe(visitor.sub)
  })

  it('tells the dashboard how the person can prove who they are', async () => {
    const [one, other] = [await withPassword('told'), await stage.signIn('told')]
    for (const [{ here }, has] of [
      [one, true],
      [other, false],
    ] as const) {
      const { has_password, provider: at } = (await here.get('/session')).json.session
      expect([has_password, at]).toEqual([has, { label: 'Corp ID' }])
    }
  })

  it('has the form for the provider on the sign-in page after the one for a password', async () => {
    const { here } = openVisitor(service, provider)
    const page = await here.get('/sign-in')
    expect(readForm(page.text).action).toBe('/sign-in')
    expect([...page.text.matchAll(/<form method="post" action="([^"]+)"/g)].map(([, action]) => action)).toEqual([
      '/sign-in',
      '/sign-in/oidc',
    ])
  })
})
