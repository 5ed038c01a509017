// GitLab's real answers of 2016 to 2026, read by the adapter. What is expected is taken from the answer, by the contract.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { entryFor, serve, type TestServer } from '../../../test/support/fault-server.ts'
import {
  bodyToSend,
  headersToSend,
  type RecordedAnswer,
  readRecordedAnswers,
} from '../../../test/support/recorded-answers.ts'
import type { Failure, FailureCode } from '../../failure.ts'
import type { Platform } from '../platform.ts'
import type { Transport } from '../transport/transport.ts'
import { createTransport } from '../transport/transport.ts'
import { createPlatform } from '../vendors.ts'
import { recognises } from './errors.ts'

const FIRST = { page: 1, perPage: 100 }
// Some were cut by hand, or are of an API that is gone.
const recorded = (readRecordedAnswers('gitlab') ?? []).filter(
  ({ doubtful = '' }) => !/cut by hand|v3 shape/.test(doubtful),
)

/** What the server answers, by a path's end; anything else is not there. */
let answers: [end: string, answer: RecordedAnswer][] = []
let server: TestServer
let transport: Transport

beforeAll(async () => {
  server = await serve((request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? ''
    const found = answers.find(([end]) => path.endsWith(end))
    if (found) return response.writeHead(found[1].status, headersToSend(found[1])).end(bodyToSend(found[1]))
    return response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"404 Not found"}')
  })
})

afterEach(() => transport?.close())
afterAll(() => server.close())

function platformWith(...given: typeof answers): Platform {
  answers = given
  const allowedHosts = [entryFor('127.0.0.1', server.port)]
  transport = createTransport({ allowedHosts, extraCaCerts: null, httpsProxy: null, noProxy: [] })
  return connect(server.origin)
}

function connect(webUrl: string): Platform {
  const at = {
    webUrl,
    apiUrl: `${server.origin}/api/v4`,
    token: 'example-token',
    link: 'link',
    account: 'a',
    hasWorked: true,
  }
  return createPlatform(transport, { scmType: 'gitlab-self-hosted', ...at })
}

/** The successes of one of our calls: `gl-user`. A single entity stands for one item of the list. */
function successes(call: string): RecordedAnswer[] {
  return recorded.filter(({ id, status }) => id.replace(/-\d+$/, '') === call && status === 200)
}

function asList(answer: RecordedAnswer): RecordedAnswer {
  return Array.isArray(answer.body) ? answer : { ...answer, body: [answer.body] }
}

// biome-ignore lint/suspicious/noExplicitAny: it is whatever GitLab sent
function bodyOf(answer: RecordedAnswer): any {
  return answer.body
}

describe.skipIf(recorded.length === 0)('recorded answers (skipped where ../shared/data/recorded is absent)', () => {
  test.each(successes('gl-user'))('$id is a profile', async (answer) => {
    const body = bodyOf(answer)
    expect(await platformWith(['/user', answer]).profile()).toMatchObject({
      uid: String(body.id),
      username: body.username,
      email: body.email,
      avatarUrl: body.avatar_url,
      profileUrl: body.web_url,
      scopes: null,
      missingScopes: [],
    })
  })

  test.each(successes('gl-token'))('$id tells scopes and end', async (answer) => {
    const user = successes('gl-user')[0] ?? answer
    const profile = await platformWith(['/user', user], ['/personal_access_tokens/self', answer]).profile()
    const { scopes, expires_at } = bodyOf(answer)
    const tokenExpiresAt = expires_at === null ? null : `${expires_at}T00:00:00.000Z`
    expect(profile).toMatchObject({ scopes, missingScopes: [], tokenExpiresAt })
  })

  test.each(successes('gl-keys'))('$id are keys with their titles', async (answer) => {
    const keys = await platformWith(['/user/keys', asList(answer)]).sshKeys()
    const items: { title: string; key: string }[] = bodyOf(asList(answer))
    expect(keys.map(({ title, key }) => [title, key])).toEqual(items.map(({ title, key }) => [title, key]))
  })

  test.each(successes('gl-groups').map(asList))('$id are groups', async (answer) => {
    const page = await platformWith(['/groups', answer]).organizations(FIRST)
    const items: Record<string, unknown>[] = bodyOf(answer)
    const kept = items.filter((item) => !item.marked_for_deletion_on)
    expect(page.items.map(({ id, login, url, description }) => [id, login, url, description])).toEqual(
      kept.map((item) => [item.id, item.full_path, item.web_url, item.description ?? null]),
    )
  })

  test.each(successes('gl-projects').filter(({ body }) => JSON.stringify(body) !== '[]'))(
    '$id are repositories, named by their paths',
    async (answer) => {
      const page = await platformWith(['/projects', answer]).searchRepositories(
        { words: [], forks: true, user: null },
        FIRST,
      )
      const items: Record<string, unknown>[] = bodyOf(answer)
      expect(page.items.map(({ id, name, fullName, description }) => [id, name, fullName, description])).toEqual(
        items.map((item) => [item.id, item.path, item.path_with_namespace, item.description ?? null]),
      )
      const isFork = (item: Record<string, unknown>) =>
        'forked_from_project' in item || 'mr_default_target_self' in item
      expect(page.items.map(({ fork }) => fork)).toEqual(items.map(isFork))
      const total = answer.headers['x-total']
      expect(page.totalCount).toBe(total === undefined ? null : Number(total))
    },
  )

  test.each(successes('gl-merge-requests'))('$id are pull requests, and say where they come from', async (answer) => {
    const query = { words: [], state: null, repo: 'group/project' }
    platformWith(['/merge_requests', answer])
    // The addresses in the answer are below that; nothing is asked there.
    const page = await connect('https://gitlab.com').searchPullRequests(query, FIRST)
    const items: Record<string, unknown>[] = bodyOf(answer)
    expect(page.items.map(({ id, number, title, state }) => [id, number, title, state])).toEqual(
      items.map(({ id, iid, title, state }) => [id, iid, title, state === 'opened' ? 'open' : state]),
    )
    // Forks are not there to be looked up; those of the project itself are told by the request.
    expect(page.items.map(({ sourceRepoName }) => sourceRepoName !== null)).toEqual(
      items.map((item) => item.source_project_id !== null && item.source_project_id === item.target_project_id),
    )
    expect(page.hasNext).toBe((answer.headers['x-next-page'] ?? '') !== '')
  })

  test.each(successes('gl-branches'))('$id are branches', async (answer) => {
    const project = { ...answer, headers: {}, body: { id: 1, path_with_namespace: 'group/project' } }
    const platform = platformWith(['/repository/branches', answer], ['/projects/group%2Fproject', project])
    const names = (await platform.branches('group/project', { page: 2, perPage: 100 })).items.map(({ name }) => name)
    const all: string[] = bodyOf(answer).map(({ name }: { name: string }) => name)
    expect(all).toEqual(expect.arrayContaining(names))
  })

  test.each(successes('gl-version'))('$id tells the version', async (answer) => {
    const path = answer.request.path.endsWith('/metadata') ? '/metadata' : '/version'
    expect((await platformWith([path, answer]).health()).version).toBe(bodyOf(answer).version)
  })

  const meaning: Record<number, FailureCode> = {
    400: 'scm_query_refused',
    401: 'scm_token_rejected',
    403: 'scm_forbidden',
    404: 'scm_not_found',
    409: 'scm_bad_response',
  }
  test.each(recorded.filter(({ status }) => status >= 400))('$id is GitLab that refuses: $status', async (answer) => {
    expect(recognises({ hasWorked: true }, answer)).toBe(true)
    const failure = await platformWith(['/user/keys', answer], ['/user', answer])
      .sshKeys()
      .then(
        () => expect.unreachable(),
        (error: Failure) => error,
      )
    expect(failure.code).toBe(meaning[answer.status])
    expect(failure.message).not.toContain('proxy')
  })
})
