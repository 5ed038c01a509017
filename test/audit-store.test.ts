// The audit trail in the store: with its change or not at all, bounded, without a secret, and for a time.

import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import type { NewEvent } from '../src/audit/event-types.ts'
import { SERVER } from '../src/audit/events.ts'
import { userRemove } from '../src/commands/users.ts'
import { auditTrail, KEY } from './support/audit-trail.ts'
import { openBrowser } from './support/browser.ts'
import { beginLinking, decide, linkByOAuth } from './support/oauth.ts'
import { linkAccount, linkBody } from './support/platforms.ts'
import type { Answer } from './support/service.ts'
import { basic, describeOnBothEngines, send, startReplica, startService } from './support/service.ts'
import { until } from './support/until.ts'

const DAY = 86_400_000

describeOnBothEngines('the stored audit trail', (engine) => {
  const trail = auditTrail(engine)

  describe('while events cannot be written', () => {
    const away = (isAway: boolean) =>
      sql
        .raw(isAway ? 'alter table events rename to events_away' : 'alter table events_away rename to events')
        .execute(trail.service.services.database)

    /** All that an trail.account has, which has to be the same before and after. */
    async function state(): Promise<unknown> {
      const { database } = trail.service.services
      const [sessions, revocations, links] = await Promise.all([
        database.selectFrom('sessions').select(['idHash']).where('userId', '=', trail.account.id).execute(),
        // Tokens that never became a link's are revoked, whatever else fails.
        database.selectFrom('revocations').selectAll().where('integrationId', 'is not', null).execute(),
        database.selectFrom('scmIntegrations').selectAll().where('ownerId', '=', trail.account.id).execute(),
      ])
      const [keys, tokens, user] = await Promise.all(
        ['/v1/keys', '/v1/tokens', '/v1/users/self'].map((path) => trail.account.call('GET', path)),
      )
      const hashes = await database.selectFrom('apiTokens').select(['id', 'tokenHash']).orderBy('id').execute()
      const password = await database
        .selectFrom('users')
        .select('passwordHash')
        .where('id', '=', trail.account.id)
        .execute()
      return [sessions, revocations, links, keys?.json, tokens?.json, user?.json, hashes, password]
    }

    it('changes nothing, and answers 5xx', async () => {
      const platform = trail.sandbox.platforms['github-enterprise']
      await trail.browser.signIn(trail.account)
      const oauthId = await linkByOAuth(trail.browser, 'gitlab')
      const id = await linkAccount(trail.account, platform)
      const keyId = (await trail.account.call('POST', '/v1/keys', { name: 'k', content: KEY.content })).json.key.id
      const tokenId = (await trail.account.call('POST', '/v1/tokens', { name: 't' })).json.token.id
      const callback = await decide(trail.browser, await beginLinking(trail.browser, 'gitlab'), { user: 'carol' })
      const token = { scm_integration: { access_token: platform.token('alice') } }
      const password = { current: trail.account.password, new: 'another horse' }
      const ed25519 = Buffer.from('0000000b7373682d6564323535313900000020', 'hex')
      const content = `ssh-ed25519 ${Buffer.concat([ed25519, Buffer.alloc(32, 9)]).toString('base64')}`
      const other = openBrowser(trail.service)
      const form = await other.get('/sign-in')

      const writes: [string, () => Promise<Answer>][] = [
        ['add a key', () => trail.account.call('POST', '/v1/keys', { name: 'new', content })],
        ['remove a key', () => trail.account.call('DELETE', `/v1/keys/${keyId}`)],
        ['make a token', () => trail.account.call('POST', '/v1/tokens', { name: 'new' })],
        ['renew a token', () => trail.account.call('PATCH', `/v1/tokens/${tokenId}/renew`)],
        ['revoke a token', () => trail.account.call('DELETE', `/v1/tokens/${tokenId}`)],
        [
          'rename',
          () => trail.account.call('PUT', '/v1/users/account', { username: `renamed-${trail.account.username}` }),
        ],
        ['link', () => trail.account.call('POST', '/v1/scm_integrations', linkBody(platform, 'carol'))],
        ['link by OAuth', () => trail.browser.get(callback)],
        ['replace the token', () => trail.account.call('PATCH', `/v1/scm_integrations/${id}`, token)],
        ['import keys', () => trail.account.call('POST', `/v1/scm_integrations/${id}/import_keys`)],
        ['unlink', () => trail.account.call('DELETE', `/v1/scm_integrations/${id}`)],
        ['unlink OAuth', () => trail.account.call('DELETE', `/v1/scm_integrations/${oauthId}`)],
        ['sign in', () => other.submit(form, { login: trail.account.username, password: trail.account.password })],
        ['sign out', () => trail.browser.call('POST', '/sign-out')],
        ['change the password', () => trail.browser.call('PUT', '/session/password', { password })],
      ]
      const before = await state()
      await away(true)
      try {
        for (const [what, write] of writes) {
          expect([what, (await write()).status]).toEqual([what, 500])
          expect([what, await state()]).toEqual([what, before])
        }
        await expect(userRemove(trail.service.services, trail.account.username)).rejects.toThrow()
        expect(await state()).toEqual(before)
      } finally {
        await away(false)
      }
      expect((await trail.account.call('DELETE', `/v1/keys/${keyId}`)).status).toBe(204)
    })
  })

  describe('failures', () => {
    it('with unknown names and API tokens write nothing', async () => {
      const replica = await startReplica(trail.service)
      const before = await trail.rows()
      for (let n = 0; n < 14; n++) {
        const headers = { ...basic('', `tk-us-${n}`), 'x-forwarded-for': '192.0.2.99' }
        expect((await send('POST', `${replica.url}/v1/tokens/exchange`, undefined, headers)).status).toBe(
          n < 10 ? 401 : 429,
        )
        const guess = { ...basic(`guess${n}`, 'wrong'), 'x-forwarded-for': `198.51.100.${n}` }
        expect((await send('POST', `${replica.url}/v1/tokens`, { name: 'x' }, guess)).status).toBe(401)
      }
      await replica.close()
      // What was linked before is revoked in the background.
      const added = (await trail.rows()).slice(before.length).map(({ type }) => type)
      expect(added.filter((type) => type !== 'revoke_success')).toEqual([])
    })

    it('of one account are recorded up to thirty a minute, and do not crowd out those of another', async () => {
      const replica = await startReplica(trail.service)
      const [guessed, other] = [await trail.service.addAccount('guessed'), await trail.service.addAccount('other')]
      const before = await trail.rows()
      const event: NewEvent = { type: 'login_failure', data: { remote_ip: '192.0.2.1' } }
      const { failureTrail } = trail.service.services
      for (let n = 0; n < 45; n++) await failureTrail.record(SERVER, guessed.id, event)
      const wrong = { ...basic(other.username, 'wrong'), 'x-forwarded-for': '198.51.100.200' }
      expect((await send('POST', `${replica.url}/v1/tokens`, { name: 'x' }, wrong)).status).toBe(401)
      await replica.close()
      await failureTrail.flush()
      const added = (await trail.rows()).slice(before.length)
      expect(added.filter(({ userId }) => userId === guessed.id)).toHaveLength(30)
      expect(added.filter(({ userId }) => userId === other.id).map(({ remoteIp }) => remoteIp)).toEqual([
        '198.51.100.200',
      ])
      expect(added.find(({ type }) => type === 'omitted_failures')?.typeData).toBe('{"count":15}')
    })
  })

  it('removes what is older than EVENTS_DAYS, and nothing else; two servers at once do no harm', async () => {
    const { database } = trail.service.services
    const template = await database.selectFrom('events').selectAll().executeTakeFirstOrThrow()
    const mark = randomUUID()
    function add(days: number, copies: number) {
      const createdAt = new Date(Date.now() - days * DAY).toISOString()
      const copy = () => ({ ...template, id: randomUUID(), createdAt, userId: null, requestId: mark })
      return database
        .insertInto('events')
        .values(Array.from({ length: copies }, copy))
        .execute()
    }
    await add(366, 1_200)
    await add(364, 3)
    const left = async () => (await trail.rows()).filter(({ requestId }) => requestId === mark).length
    const all = (await trail.rows()).length
    // Two that share a SQLite file in one process block each other, which two processes do not.
    const servers = engine === 'PostgreSQL' ? 2 : 1
    const replicas = await Promise.all(Array.from({ length: servers }, () => startReplica(trail.service)))
    await until(async () => (await left()) === 3)
    await Promise.all(replicas.map((replica) => replica.close()))
    expect((await trail.rows()).length).toBe(all - 1_200)
    await database.deleteFrom('events').where('requestId', '=', mark).execute()
  })

  it('keeps everything with EVENTS_DAYS=0', async () => {
    const forever = await startService(engine, { EVENTS_DAYS: '0' })
    await forever.addAccount('one')
    const { database } = forever.services
    await database.updateTable('events').set({ createdAt: '2001-01-01T00:00:00.000Z' }).execute()
    const replica = await startReplica(forever)
    await delay(300)
    expect(await database.selectFrom('events').select('id').execute()).toHaveLength(2)
    await replica.close()
    await forever.close()
  })

  it('holds no secret', async () => {
    const platform = trail.sandbox.platforms['github-enterprise']
    await trail.browser.signIn(trail.account)
    const cookies = [...trail.browser.cookies.values()]
    const csrf = (await trail.browser.get('/session')).json.session.csrf_token
    const authorize = await beginLinking(trail.browser, 'github')
    const callback = await decide(trail.browser, authorize)
    await trail.browser.get(callback)
    await trail.account.call('PATCH', `/v1/scm_integrations/${await linkAccount(trail.account, platform)}`, {
      access_token: platform.token('alice'),
    })
    const made = await trail.account.call('POST', '/v1/tokens', { name: 'canary' })
    const renewed = await trail.account.call('PATCH', `/v1/tokens/${made.json.token.id}/renew`)
    const password = { current: trail.account.password, new: 'canary of a password' }
    await trail.browser.call('PUT', '/session/password', { password })
    await send('POST', `${trail.service.url}/v1/tokens`, { name: 'x' }, basic('canary-as-name', 'canary-as-password'))
    await send('POST', `${trail.service.url}/v1/tokens/exchange`, undefined, basic('', 'tk-us-canary-token'))
    await trail.account.call('POST', '/v1/scm_integrations', {
      scm_type: 'gitlab-self-hosted',
      url: 'https://10.9.9.9/canary-in-path',
      access_token: 'glpat-canary-refused',
    })
    await trail.browser.call('POST', '/sign-out')
    await userRemove(trail.service.services, trail.account.username)
    const states = [authorize, callback].flatMap((address) => {
      const { searchParams } = new URL(address, trail.service.url)
      return ['state', 'code', 'code_challenge'].map((name) => searchParams.get(name) ?? '')
    })
    const secrets = [
      ...[
        trail.account.token,
        trail.account.bearer,
        trail.account.password,
        made.json.token.token,
        renewed.json.token.token,
      ],
      ...[platform.token('alice'), ...trail.sandbox.platforms.github.state.tokens.map(({ value }) => value)],
      ...[...cookies, csrf, trail.sandbox.platforms.github.oauth.secret, ...states].filter((text) => text !== ''),
      ...['canary of a password', 'canary-as-name', 'canary-as-password', 'tk-us-', 'glpat-canary', 'canary-in-path'],
    ]
    expect(secrets.length).toBeGreaterThan(15)
    const all = await trail.rows()
    const everything = JSON.stringify(all)
    expect(everything).toContain('10.9.9.9')
    for (const secret of secrets) {
      for (const form of [secret, Buffer.from(secret).toString('base64'), encodeURIComponent(secret)]) {
        expect([form, everything.includes(form)]).toEqual([form, false])
      }
    }
  })
})
