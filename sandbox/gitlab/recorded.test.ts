// The sandbox's GitLab against recorded answers of gitlab.com: what those have in common holds here too.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RecordedAnswer, readRecordedAnswers } from '../../test/support/recorded-answers.ts'
import { ask } from '../../test/support/sandbox-client.ts'
import { type Sandbox, startSandbox } from '../sandbox.ts'

/** Whole answers alone: some are kept without their headers, or were cut by hand; one is the list of a commit, of 2019. */
const recorded = (readRecordedAnswers('gitlab') ?? []).filter(
  ({ headers, doubtful }) =>
    'content-type' in headers && doubtful === undefined && !headers.link?.includes('/repository/commits/'),
)

/** As Alice, but the first. */
const calls = [
  ['/user', 'nobody'],
  ['/user'],
  ['/user/keys'],
  ['/groups?per_page=2'],
  ['/groups/acme/projects'],
  ['/projects/acme%2Fwebsite'],
  ['/projects/nobody%2Fnothing'],
  ['/projects/bob%2Fguest-only/repository/branches'],
  ['/projects/john-diggle%2Fexample-repository/repository/branches'],
  ['/projects/john-diggle%2Fexample-repository/repository/branches?page=2'],
  ['/projects/john-diggle%2Fexample-repository/merge_requests'],
  ['/merge_requests'],
] as const

let sandbox: Sandbox
let simulated: RecordedAnswer[]

beforeAll(async () => {
  sandbox = await startSandbox({ ports: 'free' })
  const { gitlab } = sandbox.platforms
  simulated = await Promise.all(
    calls.map(async ([path, who]) => {
      const answer = await ask(gitlab, path, { token: who ?? gitlab.token('alice') })
      const request = { method: 'GET', path: `/api/v4${path}` }
      return { id: path, request, ...answer, headers: Object.fromEntries(answer.headers) }
    }),
  )
})
afterAll(() => sandbox.close())

type Fields = Record<string, unknown>

/** The first entry of a list, or the answer itself. */
function entityOf({ body }: RecordedAnswer): Fields {
  const entity: unknown = Array.isArray(body) ? body[0] : body
  return typeof entity === 'object' && entity !== null ? { ...entity } : {}
}

function isList({ body, status }: RecordedAnswer): boolean {
  return Array.isArray(body) && status === 200
}

function linksOf({ headers }: RecordedAnswer): Record<string, URL> {
  const found = (headers.link ?? '').matchAll(/<([^>]+)>; rel="(\w+)"/g)
  return Object.fromEntries([...found].map(([, url = '', rel = '']) => [rel, new URL(url)]))
}

/** Where the number of all is told, which it is up to ten thousand. */
function isCounted(answer: RecordedAnswer): boolean {
  return isList(answer) && 'x-total' in answer.headers
}

const isCall = (pattern: RegExp) => (answer: RecordedAnswer) =>
  answer.status === 200 && pattern.test(answer.request.path)
const since2023 = ({ headers, id }: RecordedAnswer) => 'x-gitlab-meta' in headers || id.startsWith('/')

type Fact = [name: string, applies: (answer: RecordedAnswer) => boolean, holds: (answer: RecordedAnswer) => boolean]

const facts: Fact[] = [
  ['JSON has no charset', () => true, ({ headers }) => headers['content-type'] === 'application/json'],
  ['each answer is marked', since2023, ({ headers }) => headers['x-gitlab-meta']?.includes('correlation_id') === true],
  [
    'a refusal is not kept',
    ({ status }) => status >= 400,
    ({ headers }) => headers['cache-control'] === 'no-cache' && !('etag' in headers),
  ],
  [
    'a refusal is a message alone',
    ({ status }) => status >= 400,
    ({ body }) => `${Object.keys(body ?? {})}` === 'message',
  ],
  [
    'a success may be kept and has a weak ETag',
    ({ status }) => status === 200,
    ({ headers }) =>
      headers['cache-control'] === 'max-age=0, private, must-revalidate' && /^W\/"\w{32}"$/.test(headers.etag ?? ''),
  ],
  ['there is no Retry-After', () => true, ({ headers }) => !('retry-after' in headers)],
  [
    'what is left is told by name',
    ({ headers }) => 'ratelimit-limit' in headers,
    ({ headers }) => ['observed', 'remaining', 'reset'].every((name) => `ratelimit-${name}` in headers),
  ],
  ['a list links to its first page', isList, (answer) => linksOf(answer).first?.searchParams.get('page') === '1'],
  [
    'a list that is counted links to its last page',
    isCounted,
    (answer) => linksOf(answer).last?.searchParams.get('page') === answer.headers['x-total-pages'],
  ],
  [
    'the next page is told twice, and empty at the end',
    isList,
    (answer) => (linksOf(answer).next?.searchParams.get('page') ?? '') === answer.headers['x-next-page'],
  ],
  [
    'links spell out page, size and defaults, in the order of the alphabet',
    isList,
    (answer) => {
      const names = [...(linksOf(answer).first?.searchParams.keys() ?? [])]
      return names.includes('per_page') && `${names}` === `${[...names].sort()}`
    },
  ],
  [
    'the account has an address of its own, and another for commits',
    isCall(/\/user$/),
    (answer) => {
      const { email, confirmed_at, commit_email } = entityOf(answer)
      return Boolean(email && confirmed_at) && (commit_email === undefined || typeof commit_email === 'string')
    },
  ],
  ['a person is no bot', isCall(/\/user$/), (answer) => !entityOf(answer).bot],
  [
    'a group of a project has its avatar without host',
    isCall(/\/groups\/\w+\/projects/),
    (answer) => JSON.stringify(entityOf(answer).namespace).includes('"avatar_url":"/uploads/'),
  ],
  [
    'a merge request names its project',
    (answer) => isList(answer) && /merge_requests/.test(answer.request.path) && entityOf(answer).iid !== undefined,
    (answer) => {
      const { references, web_url } = entityOf(answer)
      return /"full":"[^"]+!\d+"/.test(JSON.stringify(references)) && String(web_url).includes('/-/merge_requests/')
    },
  ],
]

describe.skipIf(recorded.length === 0)('recorded answers (skipped where ../shared/data/recorded is absent)', () => {
  test.each(facts)('%s', (_, applies, holds) => {
    for (const answers of [recorded, simulated]) {
      const concerned = answers.filter(applies)
      expect(concerned.length).toBeGreaterThan(0)
      expect(concerned.filter((answer) => !holds(answer)).map(({ id }) => id)).toEqual([])
    }
  })

  test.each([/\/groups\/\w+\/projects$/, /\/projects\/(\w|%2F|-)+\/merge_requests$/, /\/repository\/branches$/])(
    'links of %s name the same parameters',
    (pattern) => {
      const namesOf = (answers: RecordedAnswer[]) => {
        const lists = answers.filter(
          (answer) => isList(answer) && pattern.test(answer.request.path.split('?', 1)[0] ?? ''),
        )
        expect(lists.length).toBeGreaterThan(0)
        return new Set(lists.flatMap((answer) => [...(linksOf(answer).first?.searchParams.keys() ?? [])]))
      }
      expect([...namesOf(simulated)].sort()).toEqual([...namesOf(recorded)].sort())
    },
  )

  test('a success tells what GitLab told of the account, name by name', () => {
    const own = simulated.find(isCall(/\/user$/))
    const newest = recorded.filter(isCall(/\/user$/)).at(-1)
    expect(Object.keys(newest?.headers ?? {}).filter((name) => name.startsWith('ratelimit-'))).toEqual(
      Object.keys(own?.headers ?? {}).filter((name) => name.startsWith('ratelimit-')),
    )
    const unlike = ['commit_email', 'public_email'].filter((name) => {
      const kind = (answer: RecordedAnswer | undefined) => answer && typeof entityOf(answer)[name]
      return kind(own) !== kind(newest)
    })
    expect(unlike).toEqual([])
    expect(own && entityOf(own).commit_email).not.toBe(own && entityOf(own).email)
    expect(own && entityOf(own).public_email).toBe('')
  })
})

test('only the token info tells its charset', async () => {
  const { gitlab } = sandbox.platforms
  const answer = await ask(gitlab, `${gitlab.url}/oauth/token/info`, { token: gitlab.token('alice') })
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8')
})
