// The sandbox's refusals against the collected samples of the vendors' own, where those are at hand.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Asking, ask } from '../test/support/sandbox-client.ts'
import type { FaultName } from './faults/table.ts'
import { type Sandbox, type SandboxPlatform, startSandbox } from './sandbox.ts'

const file = fileURLToPath(new URL('../../shared/data/upstream-error-samples.json', import.meta.url))
const present = existsSync(file)
if (!present) console.log(`skipped: the samples are not there (${file})`)

interface Sample {
  platform: string
  case: string
  status: number
  headers: Record<string, string>
  body: unknown
}

/** How to get the answer: a call as one of Alice's tokens, or a fault. */
interface Way {
  path?: string
  purpose?: string
  asking?: Asking
  fault?: FaultName
}

const json = { accept: 'application/json' }

const github: [name: string, way: Way][] = [
  ['bad or revoked token', { purpose: 'revoked' }],
  ['no token sent', { asking: {} }],
  ['too many bad logins', { fault: 'too-many-logins' }],
  ['primary rate limit, core', { fault: 'rate-limit-primary' }],
  ['secondary rate limit with retry-after', { fault: 'rate-limit-secondary' }],
  ['secondary rate limit as 429, no retry-after (wait at least 60 s)', { fault: 'rate-limit-secondary-bare' }],
  ['orgs without read:org or user', { path: '/user/orgs', purpose: 'no-orgs' }],
  ['keys or emails without the scope', { path: '/user/keys', purpose: 'no-keys' }],
  ['fine-grained token lacks the permission', { path: '/user/keys', purpose: 'fine-grained-no-keys' }],
  ['SAML SSO authorisation missing', { path: '/repos/sso-corp/vault', purpose: 'no-sso' }],
  ['not visible or absent', { path: '/repos/nobody/nothing/branches' }],
  ['search names a repo or user the token cannot see', { path: '/search/issues?q=is:pr+repo:nobody/nothing' }],
  ['search names only a user that cannot be seen', { path: '/search/repositories?q=user:nobody' }],
  ['search without q', { path: '/search/repositories' }],
  ['search text over 256 characters', { path: `/search/repositories?q=${'x'.repeat(257)}` }],
  ['search page past the 1000th result', { path: '/search/repositories?q=x&per_page=100&page=11' }],
  ['gateway error page, not JSON', { fault: 'status-502' }],
]

const gitlab: [name: string, way: Way][] = [
  ['bad or missing token', { asking: {} }],
  ['scope missing', { path: '/projects', purpose: 'profile-only' }],
  ['account blocked or terms not accepted (wording varies)', { fault: 'account-blocked' }],
  ['plain forbidden', { path: '/projects/bob%2Fguest-only/repository/branches' }],
  ['project absent or hidden', { path: '/projects/secret-org%2Fcore' }],
  ['user absent or hidden', { path: '/users/nobody/projects' }],
  ['group absent or hidden', { path: '/groups/nobody' }],
  ['namespace absent or hidden', { path: '/namespaces/nobody' }],
  ['route unknown (wrong base path, decoded %2F, not a GitLab)', { path: '/projects/acme/website' }],
  ['parameter value refused', { path: '/merge_requests?state=open' }],
  ['offset past the instance limit (50 000 by default)', { path: '/projects?per_page=100&page=501' }],
  ['request throttle: plain text body', { fault: 'status-429' }],
  ['per-endpoint application limit: JSON body, no RateLimit headers', { fault: 'status-429-bare' }],
]

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ ports: 'free' })
})
beforeEach(() => sandbox.reset())
afterAll(() => sandbox.close())

describe.skipIf(!present)('like the samples', () => {
  test.each(github)('github: %s', (name, way) => check(sandbox.platforms.github, 'github', name, way))
  test.each(gitlab)('gitlab: %s', (name, way) => check(sandbox.platforms.gitlab, 'gitlab', name, way))

  const tokenErrors = ['bad_verification_code', 'incorrect_client_credentials', 'bad_refresh_token']
  test.each(tokenErrors)('github: %s', (error) => {
    const platform = sandbox.platforms.github
    const client = { client_id: platform.oauth.id, client_secret: platform.oauth.secret }
    const forms: Record<string, Record<string, string>> = {
      bad_verification_code: { ...client, code: 'x' },
      incorrect_client_credentials: { ...client, client_secret: 'x' },
      bad_refresh_token: { ...client, grant_type: 'refresh_token', refresh_token: 'x' },
    }
    const asking = { form: forms[error] ?? {}, headers: json }
    const path = `${platform.url}/login/oauth/access_token`
    return check(platform, 'github', `POST /login/oauth/access_token: ${error}`, { path, asking })
  })

  test('gitlab: invalid_grant and invalid_client', async () => {
    const platform = sandbox.platforms.gitlab
    const path = `${platform.url}/oauth/token`
    const client = { client_id: platform.oauth.id, client_secret: platform.oauth.secret }
    const form = { ...client, grant_type: 'refresh_token', refresh_token: 'x' }
    const name = 'POST /oauth/token: code or refresh token unusable'
    await check(platform, 'gitlab', name, { path, asking: { form } })
    const wrong = { ...form, client_secret: 'x' }
    await check(platform, 'gitlab', 'POST /oauth/token: client unknown or wrong secret', {
      path,
      asking: { form: wrong },
    })
  })
})

async function check(platform: SandboxPlatform, kind: string, name: string, way: Way): Promise<void> {
  const sample = samples().find((one) => one.platform === kind && one.case === name)
  if (sample === undefined) throw new Error(`there is no sample "${name}"`)
  if (way.fault !== undefined) platform.faults.set({ fault: way.fault })
  const asking = way.asking ?? { token: platform.token('alice', way.purpose) }
  const answer = await ask(platform, way.path ?? '/user', asking)
  expect(answer.status).toBe(sample.status)
  if (typeof sample.body === 'object') expect(comparable(answer.body)).toEqual(comparable(sample.body))
  const missing = Object.keys(sample.headers).filter((header) => !answer.headers.has(header))
  expect(missing).toEqual([])
}

function samples(): Sample[] {
  const { cases }: { cases: Sample[] } = JSON.parse(readFileSync(file, 'utf8'))
  return cases
}

/** Without links to documents, the repeated status, and the numbers and names of the example. */
function comparable(body: unknown): unknown {
  const rest = Object.entries(Object.assign({}, body)).filter(
    ([name]) => !['documentation_url', 'status'].includes(name),
  )
  return JSON.parse(JSON.stringify(Object.fromEntries(rest)).replace(/user ID \d+/, 'user ID'))
}
