// The audit trail: each event as it is told.

import { expect, it } from 'vitest'
import { userPassword } from '../../src/commands/users.ts'
import { auditTrail, eventsOf, KEY, TIME, UUID_7 } from '../support/audit-trail.ts'
import { beginLinking, decide, linkByOAuth, tokenCalls } from '../support/oauth.ts'
import { linkAccount } from '../support/platforms.ts'
import { basic, describeOnBothEngines, send } from '../support/service.ts'
import { until } from '../support/until.ts'

describeOnBothEngines('the audit trail', (engine) => {
  const trail = auditTrail(engine)

  it('tells a new user what the command line did, each event with all its members', async () => {
    const answer = await trail.account.call('GET', '/v1/events')
    const { id, email, username } = trail.account
    const common = {
      id: expect.stringMatching(UUID_7),
      created_at: expect.stringMatching(TIME),
      user: { id, email, username },
      via: 'command_line',
      api_token: null,
      act: null,
      remote_ip: null,
      request_id: null,
    }
    const tokenId = (await trail.account.call('GET', '/v1/tokens')).json.tokens[0].id
    expect(answer.json).toEqual({
      events: [
        { ...common, type: 'new_token', type_data: { token_id: tokenId, token_name: 'forgelink user add' } },
        { ...common, type: 'new_user', type_data: { email, username } },
      ],
      meta: { pagination: { current_page: 1, prev_page: null, next_page: null, total_pages: 1, total_count: 2 } },
    })
    expect(Object.keys(answer.json.events[0])).toEqual([
      ...['id', 'created_at', 'user', 'type', 'type_data', 'via', 'api_token', 'act', 'remote_ip', 'request_id'],
    ])
  })

  it('tells of SSH keys, with the API token, the address and the request that it was', async () => {
    const headers = { 'x-request-id': 'made-by-the-caller', 'x-forwarded-for': '192.0.2.44' }
    const { id } = (await trail.account.call('POST', '/v1/keys', { name: 'laptop', content: KEY.content }, headers))
      .json.key
    await trail.account.call('DELETE', `/v1/keys/${id}`)
    const apiToken = (await trail.account.call('GET', '/v1/tokens')).json.tokens[0]
    const [removed, added] = await eventsOf(trail.account)
    expect(added).toEqual({
      id: expect.stringMatching(UUID_7),
      created_at: expect.stringMatching(TIME),
      user: { id: trail.account.id, email: trail.account.email, username: trail.account.username },
      type: 'new_key',
      type_data: { name: 'laptop', fingerprint: KEY.fingerprint },
      via: 'api_token',
      api_token: { id: apiToken.id, name: 'forgelink user add' },
      act: null,
      remote_ip: '192.0.2.44',
      request_id: expect.stringMatching(/^made-by-the-caller\/[0-9a-f]{12}$/),
    })
    expect(removed).toMatchObject({
      type: 'delete_key',
      type_data: { name: 'laptop', fingerprint: KEY.fingerprint },
      remote_ip: '127.0.0.1',
    })
  })

  it('tells of API tokens, those made with a password too, and nothing of what was refused', async () => {
    const before = await eventsOf(trail.account)
    const { id } = (await trail.account.call('POST', '/v1/tokens', { name: 'ci' })).json.token
    await trail.account.call('PATCH', `/v1/tokens/${id}/renew`)
    await trail.account.call('DELETE', `/v1/tokens/${id}`)
    const credentials = basic(trail.account.username, trail.account.password)
    const laptop = await send('POST', `${trail.service.url}/v1/tokens`, { name: 'laptop' }, credentials)
    for (const [method, path] of [
      ['DELETE', `/v1/tokens/${id}`],
      ['PATCH', `/v1/tokens/${id}/renew`],
      ['DELETE', '/v1/keys/x'],
      ['DELETE', '/v1/scm_integrations/x'],
    ] as const) {
      expect((await trail.account.call(method, path)).status).toBe(404)
    }
    const ci = { token_id: id, token_name: 'ci' }
    expect(await trail.since(before)).toEqual([
      { type: 'new_token', via: 'api_token', type_data: ci },
      { type: 'regenerate_token', via: 'api_token', type_data: ci },
      { type: 'delete_token', via: 'api_token', type_data: ci },
      {
        type: 'new_token',
        via: 'password',
        type_data: { token_id: laptop.json.token.id, token_name: 'laptop' },
      },
    ])
  })

  it('tells of signing in and out, of wrong passwords, and of a new password', async () => {
    const before = await eventsOf(trail.account)
    const form = await trail.browser.get('/sign-in')
    expect((await trail.browser.submit(form, { login: trail.account.email, password: 'wrong' })).status).toBe(401)
    await trail.browser.signIn(trail.account)
    const password = { current: trail.account.password, new: 'another horse' }
    await trail.browser.call('PUT', '/session/password', { password: { ...password, current: 'wrong' } })
    expect((await trail.browser.call('PUT', '/session/password', { password })).status).toBe(204)
    expect((await trail.browser.call('POST', '/sign-out')).status).toBe(303)
    await userPassword(trail.service.services, trail.account.username, { json: true })
    const here = { remote_ip: '127.0.0.1' }
    expect(await trail.since(before)).toEqual([
      { type: 'login_failure', via: 'password', type_data: here },
      { type: 'login_success', via: 'password', type_data: here },
      { type: 'login_failure', via: 'session', type_data: here },
      { type: 'password_reset_success', via: 'session', type_data: here },
      { type: 'logout', via: 'session', type_data: here },
      { type: 'password_reset_success', via: 'command_line', type_data: { remote_ip: null } },
    ])
  })

  it('has another request id for each request, whatever the callers send', async () => {
    const headers = { 'x-request-id': 'the-same' }
    const sent = ['one', 'two'].map((name) => trail.account.call('POST', '/v1/tokens', { name }, headers))
    for (const answer of await Promise.all(sent)) expect(answer.headers.get('x-request-id')).toBe('the-same')
    const [one, two] = await eventsOf(trail.account)
    const forged = { 'x-request-id': `${one?.request_id}` }
    await trail.account.call('POST', '/v1/tokens', { name: 'three' }, forged)
    const ids = [one, two, (await eventsOf(trail.account))[0]].map((event) => event?.request_id ?? '')
    expect(new Set(ids).size).toBe(3)
    expect(ids.map((id) => id.startsWith('the-same/'))).toEqual([true, true, true])
  })

  it('tells of another e-mail address or user name, and not of one that is the same', async () => {
    const before = await eventsOf(trail.account)
    const { email, username } = trail.account
    const changes = { email: `new-${email}`, username: `new-${username}` }
    await trail.account.call('PUT', '/v1/users/account', { user: changes })
    await trail.account.call('PUT', '/v1/users/account', { user: changes })
    expect((await trail.account.call('PUT', '/v1/users/account', { user: { email: 'x' } })).status).toBe(422)
    const type_data = { ...changes, old_email: email, old_username: username }
    expect(await trail.since(before)).toEqual([{ type: 'edit_user', via: 'api_token', type_data }])
    expect((await eventsOf(trail.account))[0]?.user).toEqual({ id: trail.account.id, ...changes })
  })

  it('tells of a link by token: linked, keys imported, token replaced, unlinked', async () => {
    const platform = trail.sandbox.platforms['github-enterprise']
    const before = await eventsOf(trail.account)
    const id = await linkAccount(trail.account, platform)
    const imported = await trail.account.call('POST', `/v1/scm_integrations/${id}/import_keys`)
    const again = await trail.account.call('POST', `/v1/scm_integrations/${id}/import_keys`)
    expect([imported.json.keys.length, again.json.keys.length]).toEqual([8, 0])
    const token = platform.token('alice', 'full')
    await trail.account.call('PATCH', `/v1/scm_integrations/${id}`, { scm_integration: { access_token: token } })
    await trail.account.call('DELETE', `/v1/scm_integrations/${id}`)

    const data = trail.linkData(id, platform, 'alice', 42)
    expect(await trail.since(before)).toEqual(
      [
        { type: 'new_integration', type_data: data },
        ...imported.json.keys.map(({ name, fingerprint }: Record<string, string>) => ({
          type: 'new_key',
          type_data: { name, fingerprint },
        })),
        { type: 'import_keys', type_data: { ...data, added: 8, skipped: imported.json.meta.skipped.length } },
        { type: 'edit_integration', type_data: data },
        { type: 'delete_integration', type_data: data },
      ].map((event) => ({ ...event, via: 'api_token' })),
    )
  })

  it('tells of links that were refused for where they lead or whose they are', async () => {
    const platform = trail.sandbox.platforms['github-enterprise']
    const id = await linkAccount(trail.account, platform)
    const before = await eventsOf(trail.account)
    const body = (url: string) => ({ scm_type: 'gitlab-self-hosted', url, access_token: 'glpat-x' })
    for (const url of ['https://10.1.2.3/code', 'https://localhost:4443', 'https://[::1]:4443']) {
      expect((await trail.account.call('POST', '/v1/scm_integrations', body(url))).status).toBe(422)
    }
    // Nothing that the policy has to do with.
    await trail.account.call('POST', '/v1/scm_integrations', body('https://gitlab.example.com/api/v4'))
    const carols = { scm_integration: { access_token: platform.token('carol') } }
    expect((await trail.account.call('PATCH', `/v1/scm_integrations/${id}`, carols)).status).toBe(409)

    const rejected = { integration_type: 'gitlab-self-hosted', reason: 'address_refused' }
    const { host } = new URL(platform.url)
    expect((await trail.since(before)).map(({ type, type_data }) => [type, type_data])).toEqual([
      ['integration_failure', { ...rejected, host: '10.1.2.3' }],
      ['integration_failure', { ...rejected, host: 'localhost:4443' }],
      ['integration_failure', { ...rejected, host: '[::1]:4443' }],
      ['integration_failure', { integration_type: 'github-enterprise', host, reason: 'another_account' }],
    ])
  })

  it('tells of a link by OAuth: linked, linked again, unlinked, and revoked at the platform', async () => {
    const platform = trail.sandbox.platforms.gitlab
    await trail.browser.signIn(trail.account)
    const before = await eventsOf(trail.account)
    const id = await linkByOAuth(trail.browser, 'gitlab')
    await linkByOAuth(trail.browser, 'gitlab')
    const other = await trail.browser.get(
      await decide(trail.browser, await beginLinking(trail.browser, 'gitlab', id), { user: 'carol' }),
    )
    expect(other.text).toContain('That is another account')
    await until(async () => (await eventsOf(trail.account, '?type=revoke_success')).length === 2)
    await trail.browser.call('DELETE', `/v1/scm_integrations/${id}`)
    await until(async () => (await eventsOf(trail.account, '?type=revoke_success')).length === 3)

    const data = trail.linkData(id, platform, 'alice', 42)
    const revoked = { integration_type: 'gitlab', url: platform.url }
    const events = await trail.since(before)
    expect(events).toHaveLength(7)
    expect(events.filter(({ via }) => via === 'session')).toEqual(
      [
        { type: 'new_integration', type_data: { ...data, data: { ...data.data, avatar_url: expect.any(String) } } },
        { type: 'renew_integration', type_data: { ...data, data: { ...data.data, avatar_url: expect.any(String) } } },
        {
          type: 'integration_failure',
          type_data: { integration_type: 'gitlab', host: new URL(platform.url).host, reason: 'another_account' },
        },
        { type: 'delete_integration', type_data: { ...data, data: { ...data.data, avatar_url: expect.any(String) } } },
      ].map((event) => ({ ...event, via: 'session' })),
    )
    expect(events.filter(({ via }) => via === 'server')).toEqual(
      [id, null, id].map((integration_id) => ({
        type: 'revoke_success',
        via: 'server',
        type_data: { integration_id, ...revoked },
      })),
    )
  })

  it('tells of a revocation that was given up', async () => {
    await trail.browser.signIn(trail.account)
    const id = await linkByOAuth(trail.browser, 'gitlab')
    await trail.service.services.database
      .updateTable('scmIntegrations')
      .set({ clientId: 'another' })
      .where('id', '=', id)
      .execute()
    await trail.browser.call('DELETE', `/v1/scm_integrations/${id}`)
    const longAgo = { createdAt: new Date(Date.now() - 4 * 86_400_000).toISOString() }
    await trail.service.services.database
      .updateTable('revocations')
      .set(longAgo)
      .where('integrationId', '=', id)
      .execute()
    await until(async () => (await eventsOf(trail.account, '?type=revoke_failure')).length === 1)
    const [event] = await eventsOf(trail.account, '?type=revoke_failure')
    expect(event).toMatchObject({
      via: 'server',
      type_data: {
        integration_id: id,
        integration_type: 'gitlab',
        url: trail.sandbox.platforms.gitlab.url,
        reason: 'another application is set up for three days',
      },
    })
  })

  it('tells of a token that was refreshed, once for many callers, and of a link that has expired', async () => {
    const platform = trail.sandbox.platforms.gitlab
    platform.state.settings.oauth.expiring = true
    await trail.browser.signIn(trail.account)
    const id = await linkByOAuth(trail.browser, 'gitlab')
    const before = await eventsOf(trail.account)
    const endNow = () =>
      trail.service.services.database
        .updateTable('scmIntegrations')
        .set({ tokenExpiresAt: new Date(Date.now() - 1000).toISOString() })
        .where('id', '=', id)
        .execute()
    const use = () => trail.account.call('GET', `/v1/scm_integrations/${id}/orgs`)
    await endNow()
    const calls = tokenCalls(platform).length
    await Promise.all([use(), use(), use()])
    expect(tokenCalls(platform).length).toBe(calls + 1)
    await endNow()
    platform.faults.set({ fault: 'oauth-bad-refresh-token' })
    expect((await use()).json.code).toBe('scm_token_rejected')
    expect((await use()).json.code).toBe('scm_token_rejected')
    platform.faults.clear()

    const data = { integration_id: id, integration_type: 'gitlab', data: expect.objectContaining({ login: 'alice' }) }
    expect(await trail.since(before)).toEqual([
      { type: 'refresh_integration', via: 'server', type_data: data },
      {
        type: 'expire_integration',
        via: 'server',
        type_data: { ...data, reason: 'GitLab no longer renews its token.' },
      },
    ])
  })
})
