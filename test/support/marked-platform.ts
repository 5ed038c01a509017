// A GitHub Enterprise Server whose every answer shows whose token asked: `token-7` is the account `user-7`. All answers carry one ETag.

import { type Handler, serve, type TestServer } from './fault-server.ts'
import { ed25519Key } from './public-keys.ts'

const ETAG = '"the-same-for-everybody"'
const SCOPES = 'repo, read:org, read:public_key, user'

export function startMarkedPlatform(): Promise<TestServer> {
  return serve(answerMarked)
}

export const answerMarked: Handler = (request, response) => {
  const [, n] = /^Bearer token-(\d+)/.exec(request.headers.authorization ?? '') ?? []
  const headers = { 'content-type': 'application/json', etag: ETAG, 'x-oauth-scopes': SCOPES }
  if (n === undefined) return response.writeHead(401, headers).end('{"message":"Bad credentials"}')
  if (request.headers['if-none-match'] === ETAG) return response.writeHead(304, headers).end()
  const [path = ''] = (request.url ?? '').replace('/api/v3', '').split('?')
  const answer = answers.find(([pattern]) => pattern.test(path))?.[1](Number(n))
  return response.writeHead(answer ? 200 : 404, headers).end(JSON.stringify(answer ?? { message: 'Not Found' }))
}

const pull = (n: number) => ({ number: 1, title: `pull of user-${n}`, state: 'open' })

const answers: [path: RegExp, answer: (n: number) => unknown][] = [
  [/^\/user$/, (n) => ({ id: n, login: `user-${n}`, type: 'User', html_url: `https://ghe.example.com/user-${n}` })],
  [/^\/user\/emails$/, (n) => [{ email: `user-${n}@example.com`, primary: true, verified: true }]],
  [/^\/user\/keys$/, (n) => [{ id: n, key: ed25519Key(n), title: `key of user-${n}` }]],
  [/^\/user\/orgs$/, (n) => [{ id: n, login: `org-of-user-${n}` }]],
  [/^\/user\/memberships\/orgs$/, () => []],
  [/^\/search\/repositories$/, (n) => ({ total_count: 1, items: [repository(n)] })],
  [
    /^\/search\/issues$/,
    (n) => ({
      total_count: 1,
      items: [{ ...pull(n), pull_request: {}, repository_url: `https://ghe.example.com/api/v3/repos/user-${n}/repo` }],
    }),
  ],
  [/^\/repos\/[^/]+\/[^/]+\/pulls$/, (n) => [{ ...pull(n), id: n, head: { repo: { full_name: `user-${n}/repo` } } }]],
  [/^\/repos\/[^/]+\/[^/]+\/branches$/, (n) => [{ name: `branch-of-user-${n}` }]],
  [/^\/repos\/[^/]+\/[^/]+$/, (n) => ({ ...repository(n), default_branch: `branch-of-user-${n}` })],
  [/^\/repos\/[^/]+\/[^/]+\/branches\/.+$/, (n) => ({ name: `branch-of-user-${n}` })],
  [/^\/meta$/, () => ({ installed_version: '3.19.0' })],
  [/^\/rate_limit$/, () => ({ resources: { core: { limit: 5000, remaining: 4999, reset: 1_900_000_000 } } })],
]

function repository(n: number) {
  return { id: n, name: 'repo', full_name: `user-${n}/repo`, description: null, private: false, fork: false }
}
