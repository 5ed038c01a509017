// GitHub's real answers of 2012 to 2026, read by the adapter. What is expected is taken from the answer, by the contract.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { entryFor, serve, type TestServer } from '../../../test/support/fault-server.ts'
import {
  bodyToSend,
  headersToSend,
  type RecordedAnswer,
  readRecordedAnswers,
} from '../../../test/support/recorded-answers.ts'
import type { Platform } from '../platform.ts'
import type { Transport } from '../transport/transport.ts'
import { createTransport } from '../transport/transport.ts'
import { createPlatform } from '../vendors.ts'
import { githubFailure, recognises } from './errors.ts'

const FIRST = { page: 1, perPage: 20 }
const recorded = (readRecordedAnswers('github') ?? []).filter(({ doubtful }) => doubtful === undefined)

/** What the server answers, by a path's end; anything else is an empty list. */
let answers: [end: string, answer: RecordedAnswer][] = []
let server: TestServer
let transport: Transport

beforeAll(async () => {
  server = await serve((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    const found = answers.find(([end]) => path.endsWith(end))
    if (!found) return response.writeHead(200, { 'content-type': 'application/json' }).end('[]')
    return response.writeHead(found[1].status, headersToSend(found[1])).end(bodyToSend(found[1]))
  })
})

afterEach(() => transport?.close())
afterAll(() => server.close())

function platformWith(...given: typeof answers): Platform {
  answers = given
  const allowedHosts = [entryFor('127.0.0.1', server.port)]
  transport = createTransport({ allowedHosts, extraCaCerts: null, httpsProxy: null, noProxy: [] })
  const webUrl = server.origin
  return createPlatform(transport, {
    scmType: 'github-enterprise',
    webUrl,
    apiUrl: `${webUrl}/api/v3`,
    token: 'example-token',
    link: 'link',
    account: 'a',
    hasWorked: true,
  })
}

function made(body: unknown): RecordedAnswer {
  return { id: 'made', request: { method: 'GET', path: '' }, status: 200, headers: {}, body }
}

/** The successes of one of our calls: `gh-pulls`. */
function successes(call: string): RecordedAnswer[] {
  return recorded.filter(({ id, status }) => id.replace(/-\d+$/, '') === call && status === 200)
}

/** The answer's body, whose members the expectations are taken from. */
// biome-ignore lint/suspicious/noExplicitAny: it is whatever GitHub sent
function bodyOf(answer: RecordedAnswer): any {
  return answer.body
}

describe.skipIf(recorded.length === 0)('recorded answers (skipped where ../shared/data/recorded is absent)', () => {
  test.each(successes('gh-user'))('$id is a profile with the scopes that it tells', async (answer) => {
    const profile = await platformWith(['/user', answer]).profile()
    const body = bodyOf(answer)
    const told = answer.headers['x-oauth-scopes']
    const isApp = told === '' && answer.headers['x-oauth-client-id']?.startsWith('Iv')
    const scopes = told === undefined || isApp ? null : told.split(', ').filter((scope) => scope !== '')
    expect(profile).toMatchObject({ uid: String(body.id), username: body.login, email: body.email ?? null, scopes })
    if (scopes === null) expect(profile.missingScopes).toEqual([])
  })

  test.each(successes('gh-emails'))('$id gives the primary address where it is verified', async (answer) => {
    const platform = platformWith(['/user/emails', answer], ['/user', made({ id: 1, login: 'x', type: 'User' })])
    const emails: { email: string; primary: boolean; verified: boolean }[] = bodyOf(answer)
    const expected = emails.find((one) => one.primary && one.verified)?.email ?? null
    expect((await platform.profile()).email).toBe(expected)
  })

  test.each(successes('gh-keys'))('$id are keys with their titles', async (answer) => {
    const keys = await platformWith(['/user/keys', answer]).sshKeys()
    expect(keys.map(({ title, key }) => ({ title, key }))).toEqual(
      bodyOf(answer).map(({ title, key }: { title: string; key: string }) => ({ title, key })),
    )
  })

  test.each(successes('gh-orgs'))('$id are organisations', async (answer) => {
    const page = await platformWith(['/user/orgs', answer]).organizations(FIRST)
    expect(page.items.map(({ id, login, description }) => [id, login, description])).toEqual(
      bodyOf(answer).map((item: Record<string, unknown>) => [item.id, item.login, item.description ?? null]),
    )
  })

  test.each(successes('gh-memberships'))(
    '$id are organisations, where the list of them is not told',
    async (answer) => {
      const page = await platformWith(['/user/memberships/orgs', answer]).organizations(FIRST)
      expect(page.items.map(({ login }) => login)).toEqual(
        bodyOf(answer).flatMap((item: { organization?: { login: string } }) => item.organization?.login ?? []),
      )
    },
  )

  test.each(successes('gh-rate-limit'))('$id is the core limit', async (answer) => {
    const { rateLimit } = await platformWith(['/rate_limit', answer]).health()
    const { resources, rate } = bodyOf(answer)
    const { limit, remaining } = resources?.core ?? rate
    const told = { limit, remaining, resetAt: expect.any(String) }
    // In 2013 there was `rate` alone: not to tell it is no failure.
    expect(resources ? [told] : [told, null]).toContainEqual(rateLimit)
  })

  test.each(successes('gh-meta'))('$id does not keep health from its answer', async (answer) => {
    expect(await platformWith(['/meta', answer]).health()).toMatchObject({ version: null, unknownCalls: [] })
  })

  test.each(successes('gh-search-repositories'))('$id are repositories, of so many', async (answer) => {
    const query = { words: ['x'], forks: true, user: null }
    const page = await platformWith(['/search/repositories', answer]).searchRepositories(query, FIRST)
    const { total_count: total, items } = bodyOf(answer)
    expect(page.totalCount).toBe(total)
    expect(
      page.items.map(({ id, fullName, url, description, fork }) => [id, fullName, url, description, fork]),
    ).toEqual(
      items.map((item: Record<string, unknown>) => [
        item.id,
        item.full_name,
        item.html_url,
        item.description ?? null,
        item.fork,
      ]),
    )
  })

  test.each(successes('gh-search-issues'))('$id are the pull requests among what is found', async (answer) => {
    const query = { words: ['x'], state: null, repo: null }
    const page = await platformWith(['/search/issues', answer]).searchPullRequests(query, FIRST)
    // In 2014 an issue had `pull_request` as well, of nulls.
    const found = bodyOf(answer).items.filter(
      (item: { pull_request?: { html_url: string | null } }) => item.pull_request?.html_url,
    )
    expect(page.items.map(({ number, title }) => [number, title])).toEqual(
      found.map((item: Record<string, unknown>) => [item.number, item.title]),
    )
  })

  test.each(successes('gh-pulls'))('$id are pull requests with where they come from', async (answer) => {
    const query = { words: [], state: null, repo: 'o/r' }
    const page = await platformWith(['/pulls', answer], ['/repos/o/r', made({})]).searchPullRequests(query, FIRST)
    expect(page.items.map(({ id, number, sourceRepoName }) => [id, number, sourceRepoName])).toEqual(
      bodyOf(answer).map((item: { id: number; number: number; head: { repo?: { full_name: string } | null } }) => [
        item.id,
        item.number,
        item.head.repo?.full_name ?? null,
      ]),
    )
  })

  test.each(successes('gh-branches'))('$id are branches, all of them and no other', async (answer) => {
    const names = bodyOf(answer).map(({ name }: { name: string }) => name)
    const repository = made({ id: 1, full_name: 'o/r', default_branch: names[0] })
    const page = await platformWith(['/branches', answer], ['/repos/o/r', repository]).branches('o/r', FIRST)
    expect(page.items.map(({ name }) => name)).toEqual(names.slice(0, 20))
  })

  test.each(successes('gh-repository'))('$id tells the default branch', async (answer) => {
    const name = bodyOf(answer).default_branch ?? 'master'
    const branches = made([{ name: 'another' }, { name }])
    const page = await platformWith(['/branches', branches], ['/repos/o/r', answer]).branches('o/r', FIRST)
    expect(page.items.map((branch) => branch.name).sort()).toEqual(['another', name].sort())
    if (bodyOf(answer).default_branch) expect(page.items[0]?.name).toBe(name)
  })

  const failures = recorded.filter(({ status }) => status >= 400 && status < 500)

  test.each(failures)('$id ($status) is recognised as GitHub’s own', (answer) => {
    expect(recognises({ hasWorked: true }, answer)).toBe(true)
    expect(recognises({ hasWorked: false }, answer)).toBe(true)
  })

  test.each(failures)('$id ($status) is never taken for GitLab, nor for what it does not say', (answer) => {
    const site = { scmType: 'github', webUrl: 'https://github.com', apiUrl: 'https://api.github.com' } as const
    const failure = githubFailure(
      { ...site, hasWorked: false },
      answer,
      new URL(`${site.apiUrl}${answer.request.path}`),
    )
    expect(failure.message).not.toContain('GitLab')
    expect(failure.code).toBe(expectedCode(answer))
  })
})

function expectedCode({ status, headers, body }: RecordedAnswer): string {
  const { message = '' } = body as { message?: string }
  const isLimit = /rate limit|abuse detection|login attempt/i.test(message) || headers['retry-after'] !== undefined
  if (status === 429 || (status === 403 && isLimit)) return 'scm_rate_limited'
  const codes: Record<number, string> = {
    401: 'scm_token_rejected',
    403: 'scm_forbidden',
    404: 'scm_not_found',
    422: 'scm_query_refused',
  }
  return codes[status] ?? 'scm_bad_response'
}
