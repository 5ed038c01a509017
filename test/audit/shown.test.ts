// The audit trail: who is shown which events, in pages, and for how long.

import { beforeAll, expect, it } from 'vitest'
import { userRemove } from '../../src/commands/users.ts'
import { auditTrail, type EventJson, eventsOf, KEY } from '../support/audit-trail.ts'
import { forgelink, prepareCommand } from '../support/command.ts'
import { linkByOAuth } from '../support/oauth.ts'
import { linkAccount } from '../support/platforms.ts'
import type { Answer } from '../support/service.ts'
import { describeOnBothEngines, send } from '../support/service.ts'
import { until } from '../support/until.ts'

describeOnBothEngines('the audit trail', (engine) => {
  beforeAll(prepareCommand, 300_000)
  const trail = auditTrail(engine)
  // The first user is an administrator, and the last administrator cannot be removed.
  beforeAll(async () => {
    await trail.service.addAccount('administrator')
  })

  it('keeps the events of a removed user for the operator, and shows a new user of the same name nothing of them', async () => {
    await trail.browser.signIn(trail.account)
    const platform = trail.sandbox.platforms.gitlab
    const id = await linkByOAuth(trail.browser, 'gitlab')
    const theirs = (await eventsOf(trail.account)).map((event) => event.id)
    await userRemove(trail.service.services, trail.account.username)
    const row = (type: string) =>
      trail.rows().then((all) => all.find((each) => each.userId === trail.account.id && each.type === type))
    await until(async () => (await row('revoke_success')) !== undefined)
    const { email, username } = trail.account
    expect(await row('delete_user')).toMatchObject({ username, typeData: JSON.stringify({ email, username }) })
    expect(await row('delete_integration')).toMatchObject({ username, via: 'command_line' })
    expect(await row('revoke_success')).toMatchObject({
      username,
      typeData: JSON.stringify({ integration_id: id, integration_type: 'gitlab', url: platform.url }),
    })
    expect((await trail.rows()).map((each) => each.id)).toEqual(expect.arrayContaining(theirs))

    const successor = await trail.service.addAccount(username)
    expect((await eventsOf(successor)).map(({ type }) => type)).toEqual(['new_token', 'new_user'])
    const listed = await forgelink(
      ['events', '--user', username, '--type', 'new_user', '--json'],
      trail.service.environment,
    )
    const users = listed.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).user.id)
    expect(users).toEqual([trail.account.id, successor.id])
  })

  it('shows nobody another’s events', async () => {
    const other = await trail.service.addAccount('somebody-else')
    await other.call('POST', '/v1/keys', { name: 'of the other', content: KEY.content })
    await trail.account.call('POST', '/v1/keys', { name: 'mine', content: KEY.content })
    for (const [mine, theirs] of [
      [trail.account, other],
      [other, trail.account],
    ] as const) {
      const events = await eventsOf(mine)
      expect(events.map(({ user }) => user.id)).toEqual([mine.id, mine.id, mine.id])
      expect(JSON.stringify(events)).not.toContain(theirs.username)
    }
    for (const headers of [{}, { authorization: 'Bearer x' }]) {
      expect((await send('GET', `${trail.service.url}/v1/events`, undefined, headers)).status).toBe(401)
    }
    await trail.browser.signIn(trail.account)
    expect((await trail.browser.get('/v1/events')).json.events).toHaveLength(4)
  })

  it('lists pages, the newest first, and by type and hours', async () => {
    for (let n = 0; n < 23; n++) await trail.account.call('POST', '/v1/tokens', { name: `n${n}` })
    const names = (answer: Answer) => answer.json.events.map((event: EventJson) => event.type_data.token_name)
    const pages = await Promise.all(
      ['', '?page=2', '?per_page=10&page=3', '?page=4&per_page=10', '?type=new_token&per_page=1&page=2'].map((query) =>
        trail.account.call('GET', `/v1/events${query}`),
      ),
    )
    const [first, second, third, past, ofType] = pages as [Answer, Answer, Answer, Answer, Answer]
    const down = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, n) => `n${from - n}`)
    expect(names(first)).toEqual(down(22, 3))
    expect(names(second)).toEqual([...down(2, 0), 'forgelink user add', undefined])
    expect(names(third)).toEqual([...down(2, 0), 'forgelink user add', undefined])
    expect([names(past), past.json.meta.pagination]).toEqual([
      [],
      { current_page: 4, prev_page: 3, next_page: null, total_pages: 3, total_count: 25 },
    ])
    expect([names(ofType), ofType.json.meta.pagination]).toEqual([
      ['n21'],
      { current_page: 2, prev_page: 1, next_page: 3, total_pages: 24, total_count: 24 },
    ])
    const [newest, ...rest] = (await trail.rows()).filter(({ userId }) => userId === trail.account.id).reverse()
    await trail.service.services.database
      .updateTable('events')
      .set({ createdAt: new Date(Date.now() - 3 * 3_600_000).toISOString() })
      .where(
        'id',
        'in',
        rest.map(({ id }) => id),
      )
      .execute()
    expect((await eventsOf(trail.account, '?from=2')).map(({ id }) => id)).toEqual([newest?.id])
    expect((await trail.account.call('GET', '/v1/events?from=4')).json.meta.pagination.total_count).toBe(25)
  })

  it.each([
    ['page=0', 'page'],
    ['per_page=101', 'per_page'],
    ['type=nothing', 'type'],
    ['type=constructor', 'type'],
    ['type=', 'type'],
    ['from=0', 'from'],
    ['from=73', 'from'],
    ['from=x', 'from'],
    ['type=new_key&type=new_token', 'type'],
  ])('refuses ?%s', async (query, field) => {
    const answer = await trail.account.call('GET', `/v1/events?${query}`)
    expect([answer.status, Object.keys(answer.json.errors)]).toEqual([422, [field]])
  })

  it('cuts what is long, and takes out what would upset a terminal', async () => {
    const platform = trail.sandbox.platforms['github-enterprise']
    const name = `${'ä'.repeat(254)}🔑🔑`
    const before = await eventsOf(trail.account)
    await trail.account.call('POST', '/v1/keys', { name: 'ä'.repeat(255), content: KEY.content })
    await trail.service.services.database
      .updateTable('users')
      .set({ username: 'safe' })
      .where('id', '=', trail.account.id)
      .execute()
    const id = await linkAccount(trail.account, platform)
    await trail.service.services.database
      .updateTable('scmIntegrations')
      .set({ username: `\u001b[31m${name}`, avatarUrl: `https://x.test/${'a'.repeat(300)}` })
      .where('id', '=', id)
      .execute()
    await trail.account.call('DELETE', `/v1/scm_integrations/${id}`)
    const [key, , unlinked] = await trail.since(before)
    expect(key?.type_data.name).toBe('ä'.repeat(255))
    expect(unlinked?.type_data.data).toEqual({ login: ` [31m${'ä'.repeat(250)}`, avatar_url: null, url: platform.url })
  })
})
