// Searching repositories through HTTP on every self-hosted platform.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox, SandboxPlatform } from '../../sandbox/sandbox.ts'
import { linkAccount, SELF_HOSTED, startPlatforms } from '../support/platforms.ts'
import type { Account, Answer, Service } from '../support/service.ts'
import { describeOnBothEngines, startService } from '../support/service.ts'

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
  })
})
