// Searching repositories and pull requests, organisations, branches and imported keys, through HTTP on every self-hosted platform.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox, SandboxPlatform } from '../sandbox/sandbox.ts'
import { linkAccount, SELF_HOSTED, startPlatforms } from './support/platforms.ts'
import type { Account, Answer, Service } from './support/service.ts'
import { describeOnBothEngines, startService } from './support/service.ts'

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

    async function names(path: string): Promise<string[]> {
      const { status, json, text } = await ask(`search_repos?per_page=100&query=${path}`)
      if (status !== 200) throw new Error(text)
      return json.repositories.map(({ fullName }: { fullName: string }) => fullName).sort()
    }

    describe('repositories', () => {
      it('have every member of the documentation and ours, with the numbers of the platform', async () => {
        const { json } = await ask('search_repos?query=example+fork:true+user:john-diggle')
        const byId = new Map(json.repositories.map((each: { id: number }) => [each.id, each]))
        expect(byId.get(89341704)).toEqual({
          id: 89341704,
          name: 'example-repository',
          fullName: 'john-diggle/example-repository',
          url: `${platform.url}/john-diggle/example-repository`,
          description: 'Example Repository',
          private: false,
          fork: false,
          default_branch: 'main',
        })
        expect(byId.get(275241792)).toMatchObject({ fullName: 'john-diggle/project-docs-example', fork: true })
        expect(byId.size).toBe(2)
      })

      it('are the same for a space, a plus and an encoded plus, by GET and by POST', async () => {
        const queries = ['example+user:john-diggle', 'example%20user:john-diggle', 'example%2Buser:john-diggle']
        for (const method of ['GET', 'POST']) {
          for (const query of queries) {
            const { status, json } = await ask(`search_repos?query=${query}`, method)
            expect([status, json.repositories.map(({ id }: { id: number }) => id)]).toEqual([200, [89341704]])
          }
        }
      })

      it('leave forks out unless they are asked for', async () => {
        expect(await names('fork+user:alice')).toEqual([])
        expect(await names('fork+user:alice+fork:false')).toEqual([])
        expect(await names('fork+user:alice+fork:true')).toEqual(['alice/example-fork', 'alice/hidden-fork'])
      })

      it('are found by every word, and by a phrase', async () => {
        expect(await names('documentation+platform+user:alice')).toEqual(['alice/project-docs-example'])
        const phrase = await names('%22Documentation+of+the+service%22+user:alice')
        expect(phrase).toEqual(['alice/project-docs-example'])
        expect(await names('%22service+documentation%22+user:alice')).toEqual([])
      })

      it('are found among more than 250: page 3 of 20 follows page 2, and the numbers are true', async () => {
        const pages = []
        for (const page of [1, 2, 3]) {
          pages.push((await ask(`search_repos?query=service+user:alice+fork:true&page=${page}`)).json)
        }
        const ids = pages.flatMap(({ repositories }) => repositories.map((each: { id: number }) => each.id))
        expect(ids).toHaveLength(60)
        expect(new Set(ids).size).toBe(60)
        expect(pages[2].meta.pagination).toEqual({
          current_page: 3,
          prev_page: 2,
          next_page: 4,
          total_pages: 14,
          total_count: expect.any(Number),
        })
        expect(Math.ceil(pages[2].meta.pagination.total_count / 20)).toBe(14)

        const last = (await ask('search_repos?query=service+user:alice+fork:true&page=14')).json
        expect(last.meta.pagination).toMatchObject({ current_page: 14, prev_page: 13, next_page: null })
        expect(last.repositories).toHaveLength(last.meta.pagination.total_count - 260)
        const past = await ask('search_repos?query=service+user:alice+fork:true&page=15')
        expect([past.status, past.json.repositories]).toEqual([200, []])
      })

      it('are paged the same with forks left out', async () => {
        const first = (await ask('search_repos?query=service+user:alice&per_page=50&page=1')).json
        const third = (await ask('search_repos?query=service+user:alice&per_page=50&page=3')).json
        expect([first.repositories.length, third.repositories.length]).toEqual([50, 50])
        expect(third.meta.pagination).toMatchObject({ current_page: 3, prev_page: 2, next_page: 4 })
        const overlap = third.repositories.filter((each: { id: number }) =>
          first.repositories.some((other: { id: number }) => other.id === each.id),
        )
        expect(overlap).toEqual([])
      })

      it('are searched within an organisation or group, subgroups included', async () => {
        const acme = await names('user:acme+fork:true')
        if (isGitLab) {
          expect(acme).toEqual([
            'acme/tools/deep/drill',
            'acme/tools/hammer',
            'acme/tools/project-docs-example',
            'acme/website',
          ])
          expect(await names('user:acme/tools')).toEqual([
            'acme/tools/deep/drill',
            'acme/tools/hammer',
            'acme/tools/project-docs-example',
          ])
        } else {
          expect(acme).toEqual(['acme/drill', 'acme/hammer', 'acme/project-docs-example', 'acme/website'])
        }
      })

      it('of somebody unknown are an empty list with a warning', async () => {
        const { status, json } = await ask('search_repos?query=x+user:nobody-at-all')
        expect([status, json.repositories]).toEqual([200, []])
        expect(json.meta.warnings).toEqual([expect.stringContaining('nobody-at-all')])
      })

      it('of a name of digits are nobody’s: GitLab would read it as a number of its own', async () => {
        const { status, json } = await ask('search_repos?query=user:42')
        expect([status, json.repositories, json.meta.warnings.length]).toEqual([200, [], 1])
      })

      it('past the last page are none, and the page before is the last there is', async () => {
        const { json } = await ask('search_repos?query=service+user:alice+fork:true&page=99')
        expect([json.repositories, json.meta.pagination.prev_page, json.meta.pagination.next_page]).toEqual([
          [],
          expect.any(Number),
          null,
        ])
        expect(json.meta.pagination.prev_page).toBe(json.meta.pagination.total_pages ?? 98)
      })

      it('of other people’s private projects are not shown', async () => {
        expect(await names('example')).not.toContain('secret-org/core')
      })
    })

    it.each([
      ['nothing', ''],
      ['an empty query', '?query='],
      ['blanks', '?query=%20%2B+'],
      ['an unknown qualifier', '?query=org:acme'],
      ['a qualifier of the platform', '?query=is:private'],
      ['an empty qualifier', '?query=user:'],
      ['a repeated qualifier', '?query=user:a+user:b'],
      ['fork:only', '?query=fork:only'],
      ['fork:True', '?query=fork:True'],
      ['a qualifier of the other search', '?query=repo:a/b'],
      ['an open quote', '?query=%22a'],
      ['an empty phrase', '?query=%22%22'],
      ['NUL', '?query=a%00b'],
      ['1,025 characters', `?query=${'a'.repeat(1025)}`],
    ])('refuses to search repositories for %s, naming what is supported', async (_case, query) => {
      const { status, json } = await ask(`search_repos${query}`)
      expect([status, Object.keys(json.errors)]).toEqual([422, ['query']])
      expect(json.errors.query[0]).toContain('fork:true')
      expect(json.errors.query[0]).toContain('user:NAME')
    })

    it.each([
      ['page=0', 'page'],
      ['page=-1', 'page'],
      ['page=1.5', 'page'],
      ['page=x', 'page'],
      ['page=1&page=2', 'page'],
      ['per_page=0', 'per_page'],
      ['per_page=101', 'per_page'],
      ['per_page=', 'per_page'],
    ])('refuses %s at its field on every list', async (query, field) => {
      for (const path of [
        'search_repos?query=x&',
        'orgs?',
        'search_pull_requests?query=x&',
        'branches?repo_name=a/b&',
      ]) {
        const { status, json } = await ask(`${path}${query}`)
        expect([path, status, Object.keys(json.errors)]).toEqual([path, 422, [field]])
      }
    })

    describe('pull requests', () => {
      const inExample = 'repo:john-diggle/example-repository'
      const numbersOf = async (query: string) => {
        const { json } = await ask(`search_pull_requests?per_page=100&query=${query}`)
        return json.pull_requests.map(({ number }: { number: number }) => number)
      }

      it('have every member of the documentation and ours, newest first', async () => {
        const { status, json } = await ask(`search_pull_requests?query=is:open+${inExample}`)
        expect(status).toBe(200)
        const page = isGitLab ? '-/merge_requests' : 'pull'
        expect(json.pull_requests).toEqual([
          {
            id: 5008,
            number: 8,
            title: 'Add feature',
            html_url: `${platform.url}/john-diggle/example-repository/${page}/8`,
            source_repo_name: 'alice/example-fork',
            source_repo_html_url: `${platform.url}/alice/example-fork`,
            state: 'open',
          },
          {
            id: 5003,
            number: 3,
            title: 'Add logo',
            html_url: `${platform.url}/john-diggle/example-repository/${page}/3`,
            source_repo_name: 'john-diggle/example-repository',
            source_repo_html_url: `${platform.url}/john-diggle/example-repository`,
            state: 'open',
          },
        ])
      })

      it('count as closed when they are merged, and both come without is:', async () => {
        expect(await numbersOf(`is:closed+${inExample}`)).toEqual([7, 6, 5, 4, 2, 1])
        expect(await numbersOf(inExample)).toEqual([8, 7, 6, 5, 4, 3, 2, 1])
        const { json } = await ask(`search_pull_requests?query=is:closed+${inExample}`)
        const states = json.pull_requests.map((each: { state: string }) => each.state)
        expect(states).toEqual(['closed', 'merged', 'closed', 'merged', 'closed', 'merged'])
        const deleted = json.pull_requests.find((each: { number: number }) => each.number === 5)
        expect([deleted.source_repo_name, deleted.source_repo_html_url]).toEqual([null, null])
      })

      it('are paged over closed and merged together', async () => {
        const pages = []
        for (const page of [1, 2, 3, 4]) {
          const path = `search_pull_requests?per_page=10&page=${page}&query=is:closed+repo:alice/example-repository`
          pages.push((await ask(path)).json)
        }
        const numbers = pages.flatMap(({ pull_requests }) =>
          pull_requests.map((each: { number: number }) => each.number),
        )
        const closed = Array.from({ length: 45 }, (_, index) => 45 - index).filter((number) => number % 3 !== 1)
        expect(numbers).toEqual(closed)
        expect(pages[2].meta.pagination).toMatchObject({ current_page: 3, prev_page: 2, next_page: null })
      })

      it('have id and source also when a search found them among old ones', async () => {
        const { json } = await ask('search_pull_requests?query=logo+repo:john-diggle/example-repository')
        const ids = json.pull_requests.map((each: { id: number }) => each.id).sort()
        expect(ids).toEqual([5003, 5005, 5007])
      })

      it('are found by words of their titles, not of their texts', async () => {
        expect((await numbersOf(`logo+${inExample}`)).sort()).toEqual([3, 5, 7])
        expect(await numbersOf(`%22Add+logo%22+${inExample}`)).toEqual([3])
        expect(await numbersOf(`About+${inExample}`)).toEqual([])
      })

      it('are the account’s own without repo:', async () => {
        const { json } = await ask('search_pull_requests?per_page=100&query=is:open')
        const titles = json.pull_requests.map(({ title }: { title: string }) => title)
        expect(titles).toContain('Add feature')
        expect(titles).toContain('Change number 1')
        expect(titles).not.toContain('Add logo')
      })

      it('that are being merged count as open', async () => {
        const { json } = await ask('search_pull_requests?per_page=100&query=repo:alice/example-repository')
        expect(json.pull_requests.find((each: { number: number }) => each.number === 46)).toMatchObject({
          state: 'open',
        })
        expect(await numbersOf('is:closed+repo:alice/example-repository')).not.toContain(46)
      })

      it('of an unknown repository are an empty list with a warning', async () => {
        for (const query of ['repo:alice/nothing', 'logo+repo:alice/nothing']) {
          const { status, json } = await ask(`search_pull_requests?query=${query}`)
          expect([status, json.pull_requests]).toEqual([200, []])
          expect(json.meta.warnings).toEqual([expect.stringContaining('alice/nothing')])
        }
      })

      it.each(['', '?query=', '?query=fork:true', '?query=is:merged', '?query=repo:', '?query=is:open+is:closed'])(
        'refuses search_pull_requests%s',
        async (query) => {
          const { status, json } = await ask(`search_pull_requests${query}`)
          expect([status, Object.keys(json.errors)]).toEqual([422, ['query']])
          expect(json.errors.query[0]).toContain('repo:OWNER/NAME')
        },
      )
    })

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
