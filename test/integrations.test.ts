// Integrations through HTTP: link, list, show, replace the token, unlink, health, and nobody else's.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { linkAccount, linkBody, SELF_HOSTED, startPlatforms } from './support/platforms.ts'
import type { Account, Service } from './support/service.ts'
import { describeOnBothEngines, startService } from './support/service.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const NOT_FOUND = '{"resource":"scm_integration","error":"not found"}'

describeOnBothEngines('integrations', (engine) => {
  let sandbox: Sandbox
  let service: Service
  let people = 0

  beforeAll(async () => {
    const platforms = await startPlatforms()
    sandbox = platforms.sandbox
    service = await startService(engine, platforms.settings)
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  /** A user of their own for each test. */
  async function somebody(): Promise<Account> {
    people += 1
    return service.addAccount(`person-${people}`)
  }

  describe.each([
    ['github-enterprise', 'avatars/u/42', '/alice'],
    ['gitlab-self-hosted', 'uploads/-/system/user/avatar/42', '/alice'],
    ['gitlab-subpath', 'uploads/-/system/user/avatar/42', '/alice'],
  ] as const)('on %s', (name, avatar, profile) => {
    it('links, shows and lists an account with every member and its token only where it belongs', async () => {
      const platform = sandbox.platforms[name]
      const me = await somebody()
      const made = await me.call('POST', '/v1/scm_integrations', linkBody(platform))
      expect(made.status).toBe(201)
      const expected = {
        id: expect.stringMatching(UUID),
        scm_type: platform.scmType,
        url: platform.url,
        created_at: expect.stringMatching(TIME),
        uid: '42',
        username: 'alice',
        avatar_url: expect.stringContaining(avatar),
        email: 'alice@example.test',
        profile_url: `${platform.url}${profile}`,
        owner: { id: me.id, email: me.email, username: me.username },
        status: 'ok',
        status_reason: null,
        scopes: expect.any(Array),
        token_expires_at: expect.toSatisfy((value) => value === null || TIME.test(value)),
        updated_at: expect.stringMatching(TIME),
      }
      expect(made.json.scm_integration).toEqual(expected)

      const { id } = made.json.scm_integration
      const withToken = { ...expected, access_token: platform.token('alice') }
      for (const name of [id, id.toUpperCase(), platform.scmType]) {
        const shown = await me.call('GET', `/v1/scm_integrations/${name}`)
        expect([shown.status, shown.json.scm_integration]).toEqual([200, withToken])
      }
      const listed = await me.call('GET', '/v1/scm_integrations')
      expect(listed.json.scm_integrations).toEqual([withToken])
    })

    it('stores the token sealed', async () => {
      if (engine !== 'SQLite') return
      const platform = sandbox.platforms[name]
      await linkAccount(await somebody(), platform)
      for (const file of ['forgelink.db', 'forgelink.db-wal']) {
        expect(readFileSync(join(service.dataDir, file)).includes(platform.token('alice'))).toBe(false)
      }
    })

    it('refuses the same account twice, however its address is spelled, and tells which link it is', async () => {
      const platform = sandbox.platforms[name]
      const me = await somebody()
      const id = await linkAccount(me, platform)
      const body = linkBody(platform)
      body.scm_integration.url = `${platform.url}/`
      const again = await me.call('POST', '/v1/scm_integrations', body)
      expect([again.status, again.json.code, again.json.id]).toEqual([409, 'already_linked', id])
      const other = await me.call('POST', '/v1/scm_integrations', linkBody(platform, 'carol'))
      expect([other.status, other.json.scm_integration.username]).toEqual([201, 'carol'])
      const oldest = await me.call('GET', `/v1/scm_integrations/${platform.scmType}`)
      expect(oldest.json.scm_integration.id).toBe(id)
      const somebodyElse = await (await somebody()).call('POST', '/v1/scm_integrations', linkBody(platform))
      expect(somebodyElse.status).toBe(201)
    })

    it('makes one link of twenty at once', async () => {
      const platform = sandbox.platforms[name]
      const me = await somebody()
      const all = await Promise.all(
        Array.from({ length: 20 }, () => me.call('POST', '/v1/scm_integrations', linkBody(platform))),
      )
      expect(all.map(({ status }) => status).sort()).toEqual([201, ...new Array(19).fill(409)])
      expect((await me.call('GET', '/v1/scm_integrations')).json.scm_integrations).toHaveLength(1)
    })

    it('replaces the token by another of the same account, and by none of another account', async () => {
      const platform = sandbox.platforms[name]
      const me = await somebody()
      const id = await linkAccount(me, platform, 'alice', 'profile-only')
      const before = await me.call('GET', `/v1/scm_integrations/${id}`)
      expect(before.json.scm_integration.status).toBe('scope_missing')

      const token = platform.token('alice')
      const changed = await me.call('PATCH', `/v1/scm_integrations/${id}`, { scm_integration: { access_token: token } })
      expect(changed.status).toBe(200)
      expect(changed.json.scm_integration).toMatchObject({ id, uid: '42', status: 'ok' })
      expect(changed.json.scm_integration).not.toHaveProperty('access_token')
      expect((await me.call('GET', `/v1/scm_integrations/${id}`)).json.scm_integration.access_token).toBe(token)

      const foreign = await me.call('PATCH', `/v1/scm_integrations/${id}`, { access_token: platform.token('carol') })
      expect([foreign.status, foreign.json.code]).toEqual([409, 'conflict'])
      const revoked = await me.call('PATCH', `/v1/scm_integrations/${id}`, {
        access_token: platform.token('alice', 'revoked'),
      })
      expect([revoked.status, Object.keys(revoked.json.errors)]).toEqual([422, ['access_token']])
      expect((await me.call('GET', `/v1/scm_integrations/${id}`)).json.scm_integration.access_token).toBe(token)
    })

    it('unlinks: gone at once, and the pasted token still works at the platform', async () => {
      const platform = sandbox.platforms[name]
      const me = await somebody()
      const id = await linkAccount(me, platform)
      const gone = await me.call('DELETE', `/v1/scm_integrations/${id}`)
      expect([gone.status, gone.text]).toEqual([204, ''])
      expect((await me.call('GET', `/v1/scm_integrations/${id}`)).text).toBe(NOT_FOUND)
      expect((await me.call('DELETE', `/v1/scm_integrations/${id}`)).status).toBe(404)
      expect(await linkAccount(me, platform)).toMatch(UUID)
      expect((await me.call('DELETE', `/v1/scm_integrations/${platform.scmType}`)).status).toBe(204)
    })

    it.each([
      ['expired', 'access_token'],
      ['revoked', 'access_token'],
    ])('refuses a token that is %s at its field', async (purpose, field) => {
      const me = await somebody()
      const answer = await me.call('POST', '/v1/scm_integrations', linkBody(sandbox.platforms[name], 'alice', purpose))
      expect([answer.status, Object.keys(answer.json.errors)]).toEqual([422, [field]])
      expect(answer.text).not.toContain(sandbox.platforms[name].token('alice', purpose))
      expect((await me.call('GET', '/v1/scm_integrations')).json.scm_integrations).toEqual([])
    })

    it('tells the health of a link, and what to mend', async () => {
      const platform = sandbox.platforms[name]
      const me = await somebody()
      const id = await linkAccount(me, platform)
      const { status, json } = await me.call('GET', `/v1/scm_integrations/${id}/health`)
      expect(status).toBe(200)
      expect(json.health).toMatchObject({
        status: 'ok',
        checked_at: expect.stringMatching(TIME),
        problems: [],
        platform: { name: expect.any(String), version: expect.stringMatching(/^\d+\.\d+/) },
        scopes: { granted: expect.any(Array), missing: [] },
        rate_limit: null,
      })

      const weak = await somebody()
      const weakId = await linkAccount(weak, platform, 'alice', 'profile-only')
      const weakHealth = await weak.call('GET', `/v1/scm_integrations/${weakId}/health`)
      expect(weakHealth.json.health.status).toBe('scope_missing')
      expect(weakHealth.json.health.problems[0]).toMatchObject({
        code: 'scope_missing',
        message: expect.any(String),
        fix_url: expect.stringContaining(platform.url),
      })
    })

    it('has the link say from then on what its health has shown of the token', async () => {
      const platform = sandbox.platforms[name]
      const me = await somebody()
      const id = await linkAccount(me, platform, 'alice', 'profile-only')
      const show = async () => (await me.call('GET', `/v1/scm_integrations/${id}`)).json.scm_integration
      expect((await show()).status).toBe('scope_missing')
      const token = platform.state.tokens.find(({ value }) => value === platform.token('alice', 'profile-only'))
      if (!token) throw new Error('no such token')
      const [few, full] = [token.scopes, platform.state.tokens.find(({ purpose }) => purpose === 'full')?.scopes]
      token.scopes = full ?? []
      const { health } = (await me.call('GET', `/v1/scm_integrations/${id}/health`)).json
      token.scopes = few
      expect([health.status, health.scopes.missing]).toEqual(['ok', []])
      expect((await show()).status).toBe('ok')
    })
  })

  it('tells of a token that was refused since, though the link was well a moment ago', async () => {
    const platform = sandbox.platforms['github-enterprise']
    const me = await somebody()
    const id = await linkAccount(me, platform, 'carol')
    const health = async () => (await me.call('GET', `/v1/scm_integrations/${id}/health`)).json.health
    expect((await health()).status).toBe('ok')
    const token = platform.state.tokens.find(({ value }) => value === platform.token('carol'))
    if (!token) throw new Error('no such token')
    token.revoked = true
    const { status, json } = await me.call('GET', `/v1/scm_integrations/${id}/orgs`)
    expect([status, json.error]).toEqual([
      403,
      `GitHub Enterprise Server does not take the token: it is wrong, expired or revoked. Make another at ${platform.url}/settings/tokens.`,
    ])
    expect(await health()).toMatchObject({ status: 'token_rejected', problems: [{ code: 'scm_token_rejected' }] })
    token.revoked = false
  })

  it('keeps an address as it was given, apart from one trailing slash and the case of the host', async () => {
    const platform = sandbox.platforms['gitlab-subpath']
    const me = await somebody()
    const body = linkBody(platform)
    body.scm_integration.url = `${platform.url.replace('http', 'HTTP')}/`
    const made = await me.call('POST', '/v1/scm_integrations', body)
    expect([made.status, made.json.scm_integration.url]).toEqual([201, platform.url])
  })

  it('filters the list by type and address, oldest first', async () => {
    const me = await somebody()
    const ids = []
    for (const name of SELF_HOSTED) ids.push(await linkAccount(me, sandbox.platforms[name]))
    const list = async (query: string) =>
      (await me.call('GET', `/v1/scm_integrations${query}`)).json.scm_integrations.map(({ id }: { id: string }) => id)
    expect(await list('')).toEqual(ids)
    expect(await list('?scm_type=gitlab-self-hosted')).toEqual(ids.slice(1))
    expect(await list(`?url=${encodeURIComponent(sandbox.platforms['gitlab-subpath'].url)}`)).toEqual(ids.slice(2))
    expect(await list('?scm_type=github')).toEqual([])
    const twice = await me.call('GET', '/v1/scm_integrations?url=a&url=b')
    expect([twice.status, twice.json.errors]).toEqual([422, { url: ['is there twice'] }])
  })

  const good = { scm_type: 'gitlab-self-hosted', url: 'https://gitlab.example.com', access_token: 'x' }
  it.each<[string, Record<string, unknown>, string[]]>([
    ['nothing', { scm_type: undefined, url: undefined, access_token: undefined }, ['scm_type', 'url', 'access_token']],
    ['null everywhere', { scm_type: null, url: null, access_token: null }, ['scm_type', 'url', 'access_token']],
    ['numbers', { scm_type: 1, url: 1, access_token: 1 }, ['scm_type', 'url', 'access_token']],
    ['arrays', { scm_type: ['x'], url: ['x'], access_token: ['x'] }, ['scm_type', 'url', 'access_token']],
    ['a type in other case', { scm_type: 'GitHub-Enterprise' }, ['scm_type']],
    ['a type with a space', { scm_type: 'github-enterprise ' }, ['scm_type']],
    ['a type of 10 kB', { scm_type: 'x'.repeat(10_000) }, ['scm_type']],
    ['github', { scm_type: 'github' }, ['scm_type']],
    ['gitlab and no address', { scm_type: 'gitlab', url: 'ftp://x' }, ['scm_type', 'url']],
    ['github.com as GHES', { scm_type: 'github-enterprise', url: 'https://github.com' }, ['url']],
    ['gitlab.com as self-hosted', { url: 'https://gitlab.com' }, ['url']],
    ['no scheme', { url: 'gitlab.example.com' }, ['url']],
    ['//x', { url: '//x' }, ['url']],
    ['ftp', { url: 'ftp://gitlab.example.com' }, ['url']],
    ['javascript', { url: 'javascript:alert(1)' }, ['url']],
    ['http', { url: 'http://gitlab.example.com' }, ['url']],
    ['user info', { url: 'https://u:p@gitlab.example.com' }, ['url']],
    ['a query', { url: 'https://gitlab.example.com?x=1' }, ['url']],
    ['a fragment', { url: 'https://gitlab.example.com#x' }, ['url']],
    ['a pasted API address', { url: 'https://gitlab.example.com/api/v4' }, ['url']],
    ['a GHES address with a path', { scm_type: 'github-enterprise', url: 'https://ghe.example.com/x' }, ['url']],
    ['port 0', { url: 'https://gitlab.example.com:0' }, ['url']],
    ['port 22', { url: 'https://gitlab.example.com:22' }, ['url']],
    ['port 65536', { url: 'https://gitlab.example.com:65536' }, ['url']],
    ['a tab inside', { url: 'https://gitlab.exa\tmple.com' }, ['url']],
    ['2,049 characters', { url: `https://gitlab.example.com/${'x'.repeat(2049 - 27)}` }, ['url']],
    ['127.1', { url: 'https://127.1' }, ['url']],
    ['0x7f.1', { url: 'https://0x7f.1' }, ['url']],
    ['2130706433', { url: 'https://2130706433' }, ['url']],
    ['017700000001', { url: 'https://017700000001' }, ['url']],
    ['①②⑦.⓪.⓪.①', { url: 'https://①②⑦.⓪.⓪.①' }, ['url']],
    ['127。0。0。1', { url: 'https://127。0。0。1' }, ['url']],
    ['[::1]', { url: 'https://[::1]' }, ['url']],
    ['[::ffff:7f00:1]', { url: 'https://[::ffff:7f00:1]' }, ['url']],
    ['[64:ff9b::7f00:1]', { url: 'https://[64:ff9b::7f00:1]' }, ['url']],
    ['localhost', { url: 'https://localhost' }, ['url']],
    ['localhost.', { url: 'https://localhost.' }, ['url']],
    ['169.254.169.254', { url: 'https://169.254.169.254' }, ['url']],
    ['100.64.0.1', { url: 'https://100.64.0.1' }, ['url']],
    ['our own public address', { url: 'http://localhost:4600' }, ['url']],
    ['an empty token', { access_token: '' }, ['access_token']],
    ['a blank token', { access_token: '  ' }, ['access_token']],
    ['a token with CR LF', { access_token: 'x\r\nX: y' }, ['access_token']],
    ['a token with NUL', { access_token: 'x\0' }, ['access_token']],
    ['a token with emoji', { access_token: 'x🔑' }, ['access_token']],
    ['a token of 4,097 characters', { access_token: 'x'.repeat(4097) }, ['access_token']],
    ['Bearer x', { access_token: 'Bearer x' }, ['access_token']],
    ['a wrong url and a wrong token', { url: 'x', access_token: '' }, ['url', 'access_token']],
  ])('refuses to link %s at its field, and asks no platform', async (_case, change, fields) => {
    const me = await somebody()
    const answer = await me.call('POST', '/v1/scm_integrations', { scm_integration: { ...good, ...change } })
    expect([answer.status, Object.keys(answer.json.errors)]).toEqual([422, fields])
    expect(answer.json.error).toBe(`${fields[0]} ${answer.json.errors[fields[0] ?? ''][0]}`)
    const token = change.access_token
    if (typeof token === 'string' && token.trim().length > 3) expect(answer.text).not.toContain(token)
  })

  it('says where github and gitlab are linked', async () => {
    const me = await somebody()
    for (const scmType of ['github', 'gitlab']) {
      const answer = await me.call('POST', '/v1/scm_integrations', { ...good, scm_type: scmType, url: 'x' })
      expect(answer.json.errors.scm_type[0]).toContain(`http://localhost:4600/users/${scmType}/link`)
    }
  })

  it('refuses the wrong type of platform, and tokens that are no person’s', async () => {
    const me = await somebody()
    const { 'github-enterprise': ghe, 'gitlab-self-hosted': own } = sandbox.platforms
    const cases = [
      [{ ...linkBody(own).scm_integration, scm_type: 'github-enterprise' }, 'url'],
      [{ ...linkBody(ghe).scm_integration, scm_type: 'gitlab-self-hosted' }, 'url'],
      [{ ...linkBody(own, 'project_101_bot_0a1b2c', 'bot').scm_integration }, 'access_token'],
      [{ ...linkBody(ghe).scm_integration, access_token: tokenOf(ghe, 'installation') }, 'access_token'],
    ] as const
    for (const [body, field] of cases) {
      const answer = await me.call('POST', '/v1/scm_integrations', body)
      expect([answer.status, Object.keys(answer.json.errors)]).toEqual([422, [field]])
    }
  })

  it('links an account without e-mail, with null in its place', async () => {
    const me = await somebody()
    const made = await me.call('POST', '/v1/scm_integrations', linkBody(sandbox.platforms['github-enterprise'], 'bob'))
    expect([made.status, made.json.scm_integration.email]).toEqual([201, null])
  })

  it("answers somebody else's, unknown, deleted and malformed ids with the same bytes", async () => {
    const me = await somebody()
    const other = await somebody()
    const foreign = await linkAccount(other, sandbox.platforms['gitlab-self-hosted'])
    const deleted = await linkAccount(me, sandbox.platforms['gitlab-self-hosted'])
    await me.call('DELETE', `/v1/scm_integrations/${deleted}`)
    const ids = [
      foreign,
      deleted,
      '00000000-0000-0000-0000-000000000000',
      'gitlab-self-hosted',
      '1',
      '..%2f',
      '%00',
      "'%22",
      'x'.repeat(101),
    ]
    const routes = [
      ['GET', ''],
      ['PATCH', '', { access_token: 'x' }],
      ['DELETE', ''],
      ['POST', '/import_keys'],
      ['GET', '/search_repos?query=x'],
      ['POST', '/search_repos?query=x'],
      ['GET', '/orgs'],
      ['GET', '/search_pull_requests?query=x'],
      ['GET', '/branches?repo_name=a/b'],
      ['GET', '/health'],
    ] as const
    for (const [method, path, body] of routes) {
      for (const id of ids) {
        const answer = await me.call(method, `/v1/scm_integrations/${id}${path}`, body)
        expect([method, path, id, answer.status, answer.text]).toEqual([method, path, id, 404, NOT_FOUND])
      }
    }
    expect((await other.call('GET', `/v1/scm_integrations/${foreign}`)).status).toBe(200)
  })

  it('leaves tokens out of every answer when the operator says so', async () => {
    const origins = SELF_HOSTED.map((name) => new URL(sandbox.platforms[name].url).origin).join(',')
    const closed = await startService(engine, { ALLOWED_HOSTS: origins, EXPOSE_ACCESS_TOKENS: 'false' })
    const me = await closed.addAccount('alice')
    const id = await linkAccount(me, sandbox.platforms['github-enterprise'])
    expect((await me.call('GET', `/v1/scm_integrations/${id}`)).json.scm_integration).not.toHaveProperty('access_token')
    expect((await me.call('GET', '/v1/scm_integrations')).text).not.toContain('ghp_')
    await closed.close()
  })

  it('refuses private hosts that the operator has not allowed, and says how to allow them', async () => {
    const logged: [string, object][] = []
    const closed = await startService(engine, {}, { log: (event, fields) => logged.push([event, fields]) })
    const me = await closed.addAccount('alice')
    const before = sandbox.platforms['gitlab-self-hosted'].requests.length
    const answer = await me.call('POST', '/v1/scm_integrations', { ...good, url: 'https://10.1.2.3:8443' })
    expect(answer.json.errors.url[0]).toBe(
      '10.1.2.3 is on a private network, and this server only contacts private hosts its operator has allowed. Ask the operator to add "10.1.2.3" to ALLOWED_HOSTS.',
    )
    expect(sandbox.platforms['gitlab-self-hosted'].requests.length).toBe(before)
    expect(logged).toEqual([
      [
        'scm_address_refused',
        expect.objectContaining({
          host: '10.1.2.3',
          address: '10.1.2.3',
          setting: expect.stringContaining('10.1.2.3'),
        }),
      ],
    ])
    await closed.close()
  })
})

function tokenOf(platform: Sandbox['platforms']['github'], purpose: string): string {
  const token = platform.state.tokens.find((one) => one.purpose === purpose)
  if (!token) throw new Error(`no token ${purpose}`)
  return token.value
}
