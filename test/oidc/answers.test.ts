// What the OpenID provider, or somebody between it and us, may answer: only its own answer to this attempt signs anybody in.

import { decodeJwt, exportJWK, generateKeyPair, importJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { ownAddress } from '../support/browser.ts'
import { headingOf } from '../support/oauth.ts'
import { type OidcStage, startOidcStage } from '../support/oidc-stage.ts'
import {
  addPerson,
  beginSignIn,
  followThere,
  openVisitor,
  sendSignIn,
  signInThere,
  type Visitor,
} from '../support/oidc-visit.ts'
import { CLIENT_SECRET, type OpenIdProvider, oidcSettings } from '../support/openid-provider.ts'
import { describeOnBothEngines, type Service, startService } from '../support/service.ts'

describeOnBothEngines('what the OpenID provider answers', (engine) => {
  let provider: OpenIdProvider
  let service: Service
  let stage: OidcStage

  beforeAll(async () => {
    stage = await startOidcStage(engine, { limits: { retryMin: 1, retryMax: 2 } }, 'client_secret_post')
    ;({ provider, service } = stage)
  })
  afterEach(() => {
    provider.tamper = null
  })
  afterAll(() => stage?.close())

  async function isSignedIn({ here }: Visitor): Promise<boolean> {
    return (await here.get('/session')).status === 200
  }

  /** Somebody in between gives another ID token. */
  function changeIdToken(change: (claims: JWTPayload) => Promise<string>): void {
    provider.tamper = {
      route: 'token',
      change: async (body) => ({ ...body, id_token: await change(decodeJwt(String(body.id_token))) }),
    }
  }

  async function signedByProvider(claims: JWTPayload, header = {}): Promise<string> {
    const { jwk, kid } = provider.key()
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, ...header }).sign(await importJWK(jwk, 'RS256'))
  }

  it('signs in with the provider’s own ID token, which the tests here change', async () => {
    addPerson(provider, 'honest')
    changeIdToken(signedByProvider)
    const visitor = openVisitor(service, provider)
    expect((await signInThere(visitor, service)).status).toBe(303)
    expect(await isSignedIn(visitor)).toBe(true)
  })

  const hour = 3_600
  const now = () => Math.floor(Date.now() / 1000)
  const wrong: [string, (claims: JWTPayload) => Promise<string>][] = [
    ['another nonce', (claims) => signedByProvider({ ...claims, nonce: 'x'.repeat(43) })],
    ['no nonce', ({ nonce: _nonce, ...claims }) => signedByProvider(claims)],
    ['another issuer', (claims) => signedByProvider({ ...claims, iss: 'https://evil.example' })],
    ['another audience', (claims) => signedByProvider({ ...claims, aud: 'another-client' })],
    ['a second audience', (claims) => signedByProvider({ ...claims, aud: [String(claims.aud), 'another-client'] })],
    ['another party', (claims) => signedByProvider({ ...claims, aud: [String(claims.aud), 'x'], azp: 'x' })],
    ['no subject', ({ sub: _sub, ...claims }) => signedByProvider(claims)],
    ['an end in the past', (claims) => signedByProvider({ ...claims, iat: now() - hour, exp: now() - 60 })],
    ['no end', ({ exp: _exp, ...claims }) => signedByProvider(claims)],
    ['a beginning in an hour', (claims) => signedByProvider({ ...claims, nbf: now() + hour })],
    ['no signature (none)', async (claims) => new UnsecuredJWT(claims).encode()],
    [
      'a signature with the client’s secret',
      (claims) =>
        new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(CLIENT_SECRET)),
    ],
    [
      'a signature of another key under the same name',
      async (claims) => {
        const { privateKey } = await generateKeyPair('RS256')
        return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: provider.key().kid }).sign(privateKey)
      },
    ],
    [
      'a signature of a key that it brings along',
      async (claims) => {
        const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
        const jwk = await exportJWK(publicKey)
        return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', jwk }).sign(privateKey)
      },
    ],
    [
      'a changed claim under the old signature',
      async (claims) => {
        const [header, , signature] = (await signedByProvider(claims)).split('.')
        const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'somebody-else' })).toString('base64url')
        return `${header}.${changed}.${signature}`
      },
    ],
  ]
  it.each(wrong)('refuses an ID token with %s', async (_case, change) => {
    addPerson(provider, 'wrong')
    changeIdToken(change)
    const visitor = openVisitor(service, provider)
    const answer = await signInThere(visitor, service)
    expect([answer.status, headingOf(answer), answer.headers.get('location')]).toEqual([403, 'That did not work', null])
    expect(await isSignedIn(visitor)).toBe(false)
    expect(
      (await service.services.database.selectFrom('identities').selectAll().execute()).map((row) => row.subject),
    ).not.toContain('somebody-else')
  })

  it('refuses an answer without an ID token', async () => {
    addPerson(provider, 'none')
    provider.tamper = { route: 'token', change: ({ id_token: _token, ...body }) => body }
    expect((await signInThere(openVisitor(service, provider), service)).status).toBe(403)
  })

  it.each([
    ['another issuer', (url: URL) => url.searchParams.set('iss', 'https://evil.example'), 403],
    ['no issuer, which the provider always names', (url: URL) => url.searchParams.delete('iss'), 403],
    ['another code', (url: URL) => url.searchParams.set('code', 'x'.repeat(43)), 403],
    ['no code', (url: URL) => url.searchParams.delete('code'), 403],
    ['two codes', (url: URL) => url.searchParams.append('code', 'x'), 403],
    ['another state', (url: URL) => url.searchParams.set('state', 'x'.repeat(43)), 403],
    ['no state', (url: URL) => url.searchParams.delete('state'), 403],
  ])('refuses a callback with %s', async (_case, change, status) => {
    addPerson(provider, 'callback')
    const visitor = openVisitor(service, provider)
    const url = new URL(await followThere(visitor, await beginSignIn(visitor), service.url))
    const right = url.href
    change(url)
    expect((await visitor.here.get(url.href)).status).toBe(status)
    expect(await isSignedIn(visitor)).toBe(false)
    // An answer that named another state has used up nothing; any other has.
    const again = await visitor.here.get(right)
    expect(again.status).toBe(url.searchParams.get('state') === new URL(right).searchParams.get('state') ? 403 : 303)
  })

  it('takes a callback once, and only in the browser where it began', async () => {
    addPerson(provider, 'once')
    const visitor = openVisitor(service, provider)
    const callback = await followThere(visitor, await beginSignIn(visitor), service.url)
    const other = openVisitor(service, provider)
    expect((await other.here.get(callback)).status).toBe(403)
    await other.here.get('/sign-in')
    const elsewhere = await other.here.get(callback)
    expect([elsewhere.status, headingOf(elsewhere)]).toEqual([403, 'This attempt to sign in is not under way'])
    expect((await visitor.here.get(callback)).status).toBe(303)
    expect((await visitor.here.get(callback)).status).toBe(403)
  })

  it('takes a callback for ten minutes', async () => {
    addPerson(provider, 'late')
    const visitor = openVisitor(service, provider)
    const callback = await followThere(visitor, await beginSignIn(visitor), service.url)
    const { database } = service.services
    await database
      .updateTable('oidcStates')
      .set({ expiresAt: new Date(Date.now() - 1).toISOString() })
      .execute()
    expect((await visitor.here.get(callback)).status).toBe(403)
    expect(await isSignedIn(visitor)).toBe(false)
  })

  it('keeps neither state nor verifier as they are, and nothing of attempts that have ended', async () => {
    addPerson(provider, 'store')
    const visitor = openVisitor(service, provider)
    const address = new URL(await beginSignIn(visitor))
    const rows = await service.services.database.selectFrom('oidcStates').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain(address.searchParams.get('state'))
    expect(rows.every(({ verifier }) => verifier.startsWith('v2.'))).toBe(true)
    expect(address.searchParams.get('code_challenge_method')).toBe('S256')
    await visitor.here.get(await followThere(visitor, address.href, service.url))
    const left = await service.services.database.selectFrom('oidcStates').selectAll().execute()
    expect(left).toHaveLength(rows.length - 1)
  })

  it('takes the provider’s new key at once', async () => {
    const sub = addPerson(provider, 'rotation')
    expect((await signInThere(openVisitor(service, provider), service)).status).toBe(303)
    await provider.rotateKey()
    provider.answer = { person: sub }
    const visitor = openVisitor(service, provider)
    expect((await signInThere(visitor, service)).status).toBe(303)
    expect(await isSignedIn(visitor)).toBe(true)
  })

  it('says on the sign-in page that the provider is away, and goes on when it is back', async () => {
    addPerson(provider, 'patient')
    const visitor = openVisitor(service, provider)
    const callback = await followThere(visitor, await beginSignIn(visitor), service.url)
    await provider.stop()
    try {
      const late = await visitor.here.get(callback)
      expect([late.status, late.text.includes('Corp ID cannot be asked at the moment')]).toEqual([503, true])
      const replica = await startService(engine, { ...(await ownAddress()), ...oidcSettings(provider) })
      try {
        const page = await sendSignIn(openVisitor(replica, provider).here)
        expect([page.status, headingOf(page)]).toEqual([503, 'Sign in'])
        expect(page.text).toContain('Corp ID cannot be asked at the moment')
      } finally {
        await replica.close()
      }
    } finally {
      await provider.start()
    }
    const again = openVisitor(service, provider)
    await expect.poll(async () => (await sendSignIn(again.here)).status, { timeout: 15_000 }).toBe(200)
    expect((await signInThere(again, service)).status).toBe(303)
  })

  it('asks nobody but the issuer and whom its description names', async () => {
    addPerson(provider, 'moved')
    provider.tamper = {
      route: 'discovery',
      change: (body) => ({ ...body, token_endpoint: 'http://169.254.169.254/token' }),
    }
    const visitor = openVisitor(service, provider)
    const answer = await signInThere(visitor, service)
    expect([answer.status, answer.text.includes('169.254.169.254')]).toEqual([503, true])
    provider.tamper = { route: 'discovery', change: (body) => ({ ...body, issuer: `${provider.issuer}/` }) }
    const renamed = await visitor.here.get(await followThere(visitor, await beginSignIn(visitor), service.url))
    expect([renamed.status, renamed.text.includes('OIDC_ISSUER has to be that')]).toEqual([503, true])
  })
})
