// Organisations, branches and imported keys through HTTP on every self-hosted platform, and what a token lacks.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox, SandboxPlatform } from '../../sandbox/sandbox.ts'
import { linkAccount, SELF_HOSTED, startPlatforms } from '../support/platforms.ts'
import type { Account, Answer, Service } from '../support/service.ts'
import { describeOnBothEngines, startService } from '../support/service.ts'

const FINGERPRINT = /^([0-9a-f]{2}:){15}[0-9a-f]{2}$/

describeOnBothEngines('using a link', (engine) => {
  let sandbox: Sandbox
  let service: Service

  beforeAll(async () => {
    const platforms = await startPlatforms()
    sandbox = platforms.sandbox
    service = await startService(engine, platforms.settings)
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  describe.each(SELF_HOSTED)('on %s', (name) => {
    let platform: SandboxPlatform
    let me: Account
    let id: string
    const isGitLab = name !== 'github-enterprise'

    beforeAll(async () => {
      platform = sandbox.platforms[name]
      me = await service.addAccount(`user-of-${name}`)
      id = await linkAccount(me, platform)
    })

    const ask = (path: string, method = 'GET'): Promise<Answer> => me.call(method, `/v1/scm_integrations/${id}/${path}`)

    it('lists organisations or groups, by GET and POST', async () => {
      for (const method of ['GET', 'POST']) {
        const { status, json } = await ask('orgs?per_page=100', method)
        expect(status).toBe(200)
        const test = json.organizations.find((each: { id: number }) => each.id === 4698196)
        expect(test).toEqual({
          id: 4698196,
          login: 'Test',
          avatarUrl: expect.stringMatching(/^http/),
          url: isGitLab ? `${platform.url}/groups/Test` : `${platform.apiUrl}/orgs/Test`,
          description: 'This is a test GitHub Organization.',
        })
        const logins = json.organizations.map((each: { login: string }) => each.login)
        expect(logins).not.toContain('secret-org')
        expect(logins.includes('acme/tools/deep')).toBe(isGitLab)
      }
    })

    it('pages organisations', async () => {
      const first = (await ask('orgs?per_page=2')).json
      const second = (await ask('orgs?per_page=2&page=2')).json
      expect(first.organizations).toHaveLength(2)
      expect(first.meta.pagination).toMatchObject({ current_page: 1, prev_page: null, next_page: 2 })
      expect(second.organizations.map((each: { id: number }) => each.id)).not.toContain(first.organizations[0].id)
    })

    describe('branches', () => {
      const branches = async (query: string) => (await ask(`branches?${query}`)).json

      it('come with the default branch first, not repeated, in pages of the asked size', async () => {
        const pages = []
        for (const page of [1, 2, 3]) {
          pages.push(await branches(`repo_name=alice/many-branches&per_page=50&page=${page}`))
        }
        expect(pages.map((each) => each.branches.length)).toEqual([50, 50, 30])
        const all = pages.flatMap((each) => each.branches.map((branch: { name: string }) => branch.name))
        expect(all[0]).toBe('trunk')
        expect(all.slice(1)).toEqual(
          Array.from({ length: 129 }, (_, index) => `feature/${String(index + 1).padStart(3, '0')}`),
        )
        expect(pages[2].meta.pagination).toMatchObject({ prev_page: 2, next_page: null })
      })

      it('keep slashes and odd characters in their names', async () => {
        const { branches: found } = await branches('repo_name=john-diggle/example-repository&per_page=100')
        const all = found.map((branch: { name: string }) => branch.name)
        expect(all[0]).toBe('main')
        expect(all).toEqual(expect.arrayContaining(['feature/add-logo', 'bugfix/#42-ümlaut', 'user/alice/wip%2Fodd']))
        expect(found[0]).toEqual({ name: 'main' })
      })

      it('of an empty repository are none', async () => {
        expect((await branches('repo_name=alice/empty-repository')).branches).toEqual([])
      })

      it('of an unknown repository are 404, and a wrong name is 422', async () => {
        const unknown = await ask('branches?repo_name=alice/nothing')
        expect([unknown.status, unknown.text]).toEqual([404, '{"resource":"repository","error":"not found"}'])
        for (const query of [
          '',
          '?repo_name=',
          '?repo_name=alice',
          '?repo_name=alice/../x',
          '?repo_name=a/b&repo_name=c/d',
        ]) {
          const wrong = await ask(`branches${query}`)
          expect([query, wrong.status, Object.keys(wrong.json.errors ?? {})]).toEqual([query, 422, ['repo_name']])
        }
      })
    })

    describe('keys', () => {
      it('are imported once: usable ones are added, the others named with a reason', async () => {
        const mine = await service.addAccount(`keys-on-${name}`)
        const link = await linkAccount(mine, platform)
        const first = await mine.call('POST', `/v1/scm_integrations/${link}/import_keys`)
        expect(first.status).toBe(201)
        const imported = first.json.keys.map((key: { name: string }) => key.name)
        const expected = [
          'Dev key',
          'Laptop',
          'Laptop',
          // It has no title: `ssh-keygen -l -E md5` says this of it.
          'd8:bf:e6:79:44:da:c2:b9:50:d0:29:c6:93:e2:d7:92',
          'Tab bell  and new line',
          'Schlüssel 🔑 鍵',
          'YubiKey',
          'YubiKey (NIST)',
        ].map((title) => `${platform.scmType}-${title}`)
        // GitHub lists signing keys elsewhere, so none of its keys is for signing only.
        expect(imported).toEqual(expected)
        expect(first.json.keys[0]).toEqual({
          id: expect.any(String),
          name: `${platform.scmType}-Dev key`,
          content: expect.stringMatching(/^ssh-ed25519 [A-Za-z0-9+/=]+ Dev key$/),
          fingerprint: expect.stringMatching(FINGERPRINT),
          created_at: expect.any(String),
          owner: { id: mine.id, email: mine.email, username: mine.username },
          fingerprint_sha256: expect.stringMatching(/^SHA256:/),
        })
        const skipped = Object.fromEntries(
          first.json.meta.skipped.map(({ title, reason }: { title: string; reason: string }) => [title, reason]),
        )
        expect(Object.keys(skipped).sort()).toEqual(
          ['Ancient DSA', 'Short RSA', ...(isGitLab ? ['Expired', 'Signing only'] : [])].sort(),
        )
        expect(skipped['Short RSA']).toContain('1024')

        const second = await mine.call('POST', `/v1/scm_integrations/${link}/import_keys`)
        expect([second.status, second.json.keys]).toEqual([201, []])
        expect((await mine.call('GET', '/v1/keys')).json.keys).toHaveLength(8)
      })

      it('are imported without a double by twenty calls at once', async () => {
        const mine = await service.addAccount(`crowd-on-${name}`)
        const link = await linkAccount(mine, platform)
        const all = await Promise.all(
          Array.from({ length: 20 }, () => mine.call('POST', `/v1/scm_integrations/${link}/import_keys`)),
        )
        expect(all.map(({ status }) => status)).toEqual(new Array(20).fill(201))
        expect(all.flatMap(({ json }) => json.keys)).toHaveLength(8)
        expect((await mine.call('GET', '/v1/keys')).json.keys).toHaveLength(8)
      })

      it('that are here already, under whatever name, are not imported again', async () => {
        const mine = await service.addAccount(`again-on-${name}`)
        const link = await linkAccount(mine, platform)
        const [key] = platform.state.users.find(({ username }) => username === 'alice')?.keys ?? []
        await mine.call('POST', '/v1/keys', { key: { name: 'my own name', content: key?.key } })
        const { json } = await mine.call('POST', `/v1/scm_integrations/${link}/import_keys`)
        expect(json.keys).toHaveLength(7)
      })
    })

    describe('with a token that lacks a scope', () => {
      it('says which, and that it is the token and not the caller', async () => {
        const weak = await service.addAccount(`weak-on-${name}`)
        const link = await linkAccount(weak, platform, 'alice', 'profile-only')
        const path = isGitLab ? 'search_repos?query=x' : 'orgs'
        const { status, json } = await weak.call('GET', `/v1/scm_integrations/${link}/${path}`)
        expect([status, json.code]).toEqual([403, 'scm_scope_missing'])
        expect(json.error).toContain(isGitLab ? 'read_api' : 'read:org')
        if (isGitLab) return
        const keys = await weak.call('POST', `/v1/scm_integrations/${link}/import_keys`)
        expect([keys.status, keys.json.code]).toEqual([403, 'scm_scope_missing'])
        expect(keys.json.error).toContain('read:public_key')
      })

      it('marks a link whose token was revoked meanwhile, and shows it as well when it works again', async () => {
        const mine = await service.addAccount(`revoked-on-${name}`)
        const link = await linkAccount(mine, platform, 'carol')
        const token = platform.state.tokens.find(({ value }) => value === platform.token('carol'))
        if (!token) throw new Error('carol has no token')
        const statusOf = async () =>
          (await mine.call('GET', `/v1/scm_integrations/${link}`)).json.scm_integration.status
        token.revoked = true
        const rejected = await mine.call('GET', `/v1/scm_integrations/${link}/orgs`)
        expect([rejected.status, rejected.json.code, await statusOf()]).toEqual([
          403,
          'scm_token_rejected',
          'token_rejected',
        ])
        token.revoked = false
        // It is not sent again unasked: health finds out that it is taken.
        expect((await mine.call('GET', `/v1/scm_integrations/${link}/orgs`)).status).toBe(403)
        expect((await mine.call('GET', `/v1/scm_integrations/${link}/health`)).json.health.status).toBe('ok')
        expect([(await mine.call('GET', `/v1/scm_integrations/${link}/orgs`)).status, await statusOf()]).toEqual([
          200,
          'ok',
        ])
      })
    })
  })
})
