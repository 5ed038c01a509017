// A tour through what platforms in front and identity providers do at a service, well and badly, for tests that look
// for the secrets of it.

import type { Environment } from '../../src/config.ts'
import { type Browser, openBrowser } from './browser.ts'
import { forgelink } from './command.ts'
import { newKey, startIssuer, type TestIssuer, trusting } from './issuer.ts'
import { addCustomer, backWith, begin, goThroughOAuth, RETURN_URLS } from './link-sessions.ts'
import { addPerson, beginSignIn, followThere, openVisitor } from './oidc-visit.ts'
import { CLIENT_SECRET, type OpenIdProvider, oidcSettings, startOpenIdProvider } from './openid-provider.ts'
import { type Answer, basic, send } from './service.ts'
import { ISSUER, serviceAccount } from './service-tokens.ts'

/** Those who are around the service. */
export interface Surroundings {
  provider: OpenIdProvider
  issuer: TestIssuer
  /** With them the service knows them. */
  settings: Environment
  close(): Promise<void>
}

export async function startSurroundings(publicUrl = ''): Promise<Surroundings> {
  const provider = await startOpenIdProvider(publicUrl)
  const issuer = await startIssuer()
  return {
    provider,
    issuer,
    settings: { ...oidcSettings(provider), ...trusting(issuer, { create_users: true }), RETURN_URLS },
    async close() {
      await provider.stop()
      await issuer.close()
    },
  }
}

interface Tour {
  url: string
  /** Of the service, for its command. */
  settings: Environment
  surroundings: Surroundings
  /** By name; what the tour is given and makes is added. */
  secrets: Record<string, string>
  /** Told of each answer in which no secret may be. */
  note(from: string, answer: Answer): Answer
}

/** A service token where it belongs and where it does not, its JWTs, SCIM, and link sessions. */
export async function tourAsService({ url, settings, secrets, note }: Tour): Promise<void> {
  const scopes = ['users:act', 'users:create', 'read', 'write', 'scim'].flatMap((scope) => ['--scope', scope])
  const added = await forgelink(
    ['service-token', 'add', '--name', 'console', ...scopes, '--issuer', ISSUER, '--json'],
    settings,
  )
  const { id, token } = JSON.parse(added.stdout).service_token
  secrets.serviceToken = token
  const console = serviceAccount(url, id, token)
  const user = { issuer: ISSUER, subject: 'tourist', username: 'tourist' }
  secrets.delegate = (await console.exchange({ user })).json.token
  for (const body of [
    {},
    { user: 'x' },
    { user, scopes: ['tokens'] },
    { user: { ...user, issuer: 'https://x.example' } },
  ])
    note('exchange', await console.exchange(body))
  note(
    'exchange of an unknown token',
    await send('POST', `${url}/v1/tokens/exchange`, { user }, basic('', `${token}x`)),
  )
  for (const path of ['/v1/keys', `/v1/keys?token=${token}`, `/v1/${token}`, '/v1/admin/users'])
    note(`a service at ${path.replace(token, 'TOKEN')}`, await console.call('GET', path))
  for (const body of [{ userName: token.repeat(9) }, `{"userName":${token}`])
    note('SCIM', await console.call('POST', '/scim/v2/Users', body))
  note('SCIM filter', await console.call('GET', `/scim/v2/Users?filter=${token}`))

  const customer = await addCustomer(console, 'tourist')
  for (const path of ['/v1/tokens', `/v1/link_sessions/${secrets.delegate}`])
    note(path, await customer.call('GET', path))
  for (const linkSession of [{}, { return_url: `https://evil.example/${token}` }])
    note('link session', await customer.call('POST', '/v1/link_sessions', { link_session: linkSession }))
  const linking = await customer.make({ scm_type: 'github' })
  const at = await begin({ url }, linking.url)
  for (const [name, value] of at.browser.cookies) secrets[`link session ${name}`] = value
  note('a second browser', await openBrowser({ url }).get(linking.url))
  const back = await goThroughOAuth(at, 'github')
  const { code = '' } = backWith(await at.browser.get(back))
  secrets.completionCode = code
  note('a callback again', await at.browser.get(back))
  note('a wrong code', await customer.complete(linking.id, 'canary-of-a-wrong-code'))
  secrets.wrongCode = 'canary-of-a-wrong-code'
  note('completed', await customer.complete(linking.id, code))
  note('completed again', await customer.complete(linking.id, code))
}

/** JWTs of the issuer that are taken, and some that are not. */
export async function tourAsIssuer({ url, surroundings, secrets, note }: Tour): Promise<void> {
  const { issuer } = surroundings
  const jwts = {
    good: await issuer.sign({ sub: 'workload' }),
    forged: await issuer.sign({}, {}, { ...(await newKey('key-1')) }),
    'with an unknown key': await issuer.sign({}, {}, await newKey('nobody-knows')),
    'for somebody else': await issuer.sign({ aud: 'https://other.example' }),
    ended: await issuer.sign({ iat: 1_000_000_000, exp: 1_000_003_600 }),
  }
  for (const [name, jwt] of Object.entries(jwts)) {
    secrets[`issuer's JWT ${name}`] = jwt
    const headers = { authorization: `Bearer ${jwt}` }
    for (const path of ['/v1/users/self', '/v1/tokens', `/v1/${jwt}`, `/v1/keys?access_token=${jwt}`])
      note(`a JWT ${name}`, await send('GET', url + path, undefined, headers))
  }
}

/** Signing in at the provider and out of it, also with answers that cannot be trusted. */
export async function tourAsPerson({ url, surroundings, secrets, note }: Tour): Promise<void> {
  const { provider } = surroundings
  secrets.oidcClientSecret = CLIENT_SECRET
  addPerson(provider, 'tourist')
  let answers = 0
  const kept = (body: Record<string, unknown>) => {
    answers += 1
    for (const name of ['id_token', 'access_token']) secrets[`OIDC ${name} ${answers}`] = String(body[name])
    return body
  }
  const tampers: Record<string, (body: Record<string, unknown>) => unknown> = {
    good: kept,
    rejected: (body) => ({ error: 'invalid_client', error_description: String(kept(body).id_token) }),
    forged: (body) => ({ ...kept(body), id_token: `${String(body.id_token).slice(0, -8)}AAAAAAAA` }),
  }
  let signedIn: Browser | undefined
  for (const [name, change] of Object.entries(tampers)) {
    provider.tamper = { route: 'token', change }
    const visitor = openVisitor({ url }, provider)
    const callback = await followThere(visitor, await beginSignIn(visitor), url)
    const { searchParams } = new URL(callback)
    for (const field of ['code', 'state']) secrets[`OIDC ${field} ${name}`] = searchParams.get(field) ?? ''
    note(`a sign-in that is ${name}`, await visitor.here.get(callback))
    note('the same callback again', await visitor.here.get(callback))
    if (name === 'good') signedIn = visitor.here
  }
  provider.tamper = null
  const [idToken = ''] = Object.entries(secrets).flatMap(([name, value]) => (name === 'OIDC id_token 1' ? [value] : []))
  const junk = `logout_token=${idToken}`
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  note('a false logout token', await send('POST', `${url}/sign-in/oidc/back-channel-logout`, junk, form))
  await signedIn?.call('POST', '/sign-out')
}
