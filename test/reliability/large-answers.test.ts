// Reliability section 4: what a platform's bytes become is bounded, for one call and for all at once.

import { afterEach, beforeEach, expect, it } from 'vitest'
import { json, serve, type TestServer } from '../support/fault-server.ts'
import { ed25519Key } from '../support/public-keys.ts'
import { type Account, type Answer, type Service, startService } from '../support/service.ts'

const MB = 1024 * 1024
const SCOPES = { 'x-oauth-scopes': 'repo, read:org, read:public_key, user', 'content-type': 'application/json' }

let service: Service
let platform: TestServer
/** What `/user/keys` answers, page by page. */
let keysPage: (page: number) => string
let userAnswer: string
/** What it answers in place of keys, with 404. */
let failure: object | undefined

beforeEach(async () => {
  failure = undefined
  userAnswer = '{"id":42,"login":"alice","type":"User"}'
  platform = await serve((request, response) => {
    const url = new URL(request.url ?? '', 'http://x')
    if (url.pathname.endsWith('/user')) return response.writeHead(200, SCOPES).end(userAnswer)
    if (!url.pathname.endsWith('/user/keys')) return json(response, [], SCOPES)
    if (failure) return response.writeHead(404, SCOPES).end(JSON.stringify(failure))
    const page = Number(url.searchParams.get('page') ?? 1)
    const next = `<http://${request.headers.host}${url.pathname}?per_page=100&page=${page + 1}>; rel="next"`
    response.writeHead(200, { ...SCOPES, ...(page < 10 && { link: next }) }).end(keysPage(page))
  })
  service = await startService('SQLite', { ALLOWED_HOSTS: platform.origin })
})
afterEach(async () => {
  await service.close()
  await platform.close()
})

async function link(account: Account): Promise<string> {
  const body = { scm_type: 'github-enterprise', url: platform.origin, access_token: `ghp_${account.username}` }
  const answer = await account.call('POST', '/v1/scm_integrations', { scm_integration: body })
  return answer.json.scm_integration?.id ?? answer.text
}

function importKeys(account: Account, id: string): Promise<Answer> {
  return account.call('POST', `/v1/scm_integrations/${id}/import_keys`)
}

/** One key, and a member that nobody reads. */
function keyWith(page: number, member: string): string {
  return `[{"id":${page},"title":"key ${page}","key":"${ed25519Key(page)}","more":${member}}]`
}

it('ten pages of 8 MB with a member that nobody reads are read, and leave nothing of it', async () => {
  const padding = `"${'x'.repeat(7 * MB)}"`
  keysPage = (page) => keyWith(page, padding)
  const alice = await service.addAccount('alice')
  const answer = await importKeys(alice, await link(alice))
  expect([answer.status, answer.json.keys?.length]).toEqual([201, 10])
})

it('an answer of more than 200,000 values is not read, whatever they would become', async () => {
  const alice = await service.addAccount('alice')
  const id = await link(alice)
  for (const values of [
    `[${'[],'.repeat(200_000)}[]]`,
    `[${'1,'.repeat(200_000)}1]`,
    `{${'"a":{},'.repeat(200_000)}"a":1}`,
  ]) {
    keysPage = (page) => keyWith(page, values)
    const answer = await importKeys(alice, id)
    expect([answer.status, answer.json.code, answer.text.includes('more than 200,000 values')]).toEqual([
      503,
      'scm_bad_response',
      true,
    ])
  }
  keysPage = (page) => keyWith(page, `[${'1,'.repeat(1_000)}1]`)
  expect((await importKeys(alice, id)).status).toBe(201)
})

it('one thing, such as /user, is 256 kB at most', async () => {
  const alice = await service.addAccount('alice')
  userAnswer = `{"id":42,"login":"alice","type":"User","bio":"${'x'.repeat(300 * 1024)}"}`
  expect(await link(alice)).toContain('a larger answer than this server reads')
  userAnswer = `{"id":42,"login":"alice","type":"User","bio":"${'x'.repeat(200 * 1024)}"}`
  expect(await link(alice)).toMatch(/^[0-9a-f-]{36}$/)
})

it('a refusal is a sentence: one of a megabyte is not parsed, though a list was asked for', async () => {
  const alice = await service.addAccount('alice')
  const id = await link(alice)
  failure = { message: 'Not Found', more: 'x'.repeat(MB) }
  const { status, json: answer } = await importKeys(alice, id)
  // What its headers tell is all that counts of it: GitHub's, so the scope is missing.
  expect([status, answer.code, answer.error]).toEqual([
    403,
    'scm_scope_missing',
    expect.stringContaining('the scope read:public_key'),
  ])
})
