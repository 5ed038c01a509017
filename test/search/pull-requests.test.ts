// Searching pull requests through HTTP on every self-hosted platform.

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
            repo_name: 'john-diggle/example-repository',
            author: 'alice',
            created_at: '2025-01-08T00:00:00.000Z',
            updated_at: '2025-02-08T00:00:00.000Z',
          },
          {
            id: 5003,
            number: 3,
            title: 'Add logo',
            html_url: `${platform.url}/john-diggle/example-repository/${page}/3`,
            source_repo_name: 'john-diggle/example-repository',
            source_repo_html_url: `${platform.url}/john-diggle/example-repository`,
            state: 'open',
            repo_name: 'john-diggle/example-repository',
            author: 'john-diggle',
            created_at: '2025-01-03T00:00:00.000Z',
            updated_at: '2025-02-03T00:00:00.000Z',
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
  })
})
