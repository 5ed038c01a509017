// Credentials of the API: how they may be spelled, and what is recorded of those that do not fit.

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Account, Service } from '../support/service.ts'
import { basic, describeOnBothEngines, send, startService } from '../support/service.ts'

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

describeOnBothEngines('credentials', (engine) => {
  let service: Service
  let alice: Account

  beforeAll(async () => {
    service = await startService(engine)
    alice = await service.addAccount('alice')
  })
  afterAll(() => service.close())

  it('takes credentials however their scheme is spelled, and nothing before or after them', async () => {
    const exchanged = (authorization: string) =>
      send('POST', `${service.url}/v1/tokens/exchange`, undefined, { authorization })
    const token = base64(`:${alice.token}`)
    for (const good of [`Basic ${token}`, `basic ${token}`, `BASIC   ${token}`]) {
      expect([good, (await exchanged(good)).status]).toEqual([good, 200])
    }
    for (const bad of [`Basic${token}`, `x Basic ${token}`, `Basic ${token} x`, `Basic ${base64(alice.token)}`]) {
      expect([bad, (await exchanged(bad)).status]).toEqual([bad, 401])
    }
    const shown = (authorization: string) => send('GET', `${service.url}/v1/users/self`, undefined, { authorization })
    for (const good of [`Bearer ${alice.bearer}`, `bearer ${alice.bearer}`, `BEARER   ${alice.bearer}`]) {
      expect([good, (await shown(good)).status]).toEqual([good, 200])
    }
    for (const bad of [alice.bearer, `Bearer${alice.bearer}`, `x Bearer ${alice.bearer}`, `Bearer ${alice.bearer} x`]) {
      expect([bad, (await shown(bad)).status]).toEqual([bad, 401])
    }
  })

  it.each([
    [
      ...['GET', '/v1/users/self', 'nothing', {}],
      'Send "Authorization: Bearer TOKEN" with a token from POST /v1/tokens/exchange.',
    ],
    [
      ...['GET', '/v1/users/self', 'a wrong token', { authorization: 'Bearer x' }],
      'This bearer token is not valid, or no longer. Get one from POST /v1/tokens/exchange.',
    ],
    [
      ...['POST', '/v1/tokens/exchange', 'nothing', {}],
      'Send the API token as password of Basic credentials, with an empty user name.',
    ],
    [
      ...['POST', '/v1/tokens/exchange', 'a wrong token', basic('', 'tk-us-unknown')],
      'This API token is not valid, or no longer.',
    ],
    [...['POST', '/v1/tokens', 'a wrong password', basic('alice', 'wrong')], 'User name or password is wrong.'],
  ] as [string, string, string, Record<string, string>, string][])(
    'says to %s %s with %s what is missing',
    async (method, path, _what, headers, error) => {
      const answer = await send(method, `${service.url}${path}`, undefined, headers)
      expect([answer.status, answer.json]).toEqual([401, { error }])
    },
  )

  it('records what was tried in vain with an account, nothing for unknown names and tokens, and nothing of what was typed', async () => {
    const known = await service.addAccount('known')
    await send('POST', `${service.url}/v1/tokens/exchange`, undefined, basic('', 'tk-us-typed'))
    await send('POST', `${service.url}/v1/tokens`, { name: 'x' }, basic('typed', 'typed'))
    await send('POST', `${service.url}/v1/tokens`, { name: 'x' }, basic('known', 'typed'))
    const rows = await service.services.database.selectFrom('events').selectAll().orderBy('id').execute()
    const failures = rows.filter(({ type }) => type.endsWith('_failure')).slice(-1)
    expect(
      failures.map(({ type, userId, via, typeData }) => [type, userId, via, JSON.parse(`${typeData}`).remote_ip]),
    ).toEqual([['login_failure', known.id, 'password', '127.0.0.1']])
    expect(JSON.stringify(rows)).not.toContain('typed')
  })
})
