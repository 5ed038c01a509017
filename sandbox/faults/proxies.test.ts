// The faults of what stands between.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Answer, ask } from '../../test/support/sandbox-client.ts'
import { type Sandbox, type SandboxPlatform, startSandbox } from '../sandbox.ts'
import type { FaultRule } from './faults.ts'

let sandbox: Sandbox
let gitlab: SandboxPlatform

beforeAll(async () => {
  sandbox = await startSandbox({ ports: 'free' })
  gitlab = sandbox.platforms.gitlab
})
beforeEach(() => sandbox.reset())
afterAll(() => sandbox.close())

function get(platform: SandboxPlatform, path = '/user'): Promise<Answer> {
  return ask(platform, path, { token: platform.token('alice') })
}

describe('what stands between', () => {
  const project = '/projects/alice%2Fexample-repository'
  const answers: [rule: FaultRule, status: number, headers: Record<string, string | null>, body: RegExp][] = [
    [{ fault: 'proxy-html-401' }, 401, { 'www-authenticate': 'Basic realm="Staff only"', server: 'nginx' }, /^<html>/],
    [{ fault: 'proxy-html-403' }, 403, { 'content-type': 'text/html; charset=utf-8' }, /403 Forbidden/],
    [{ fault: 'proxy-html-404' }, 404, { server: 'Apache/2.4.62 (Debian)' }, /<h1>Not Found<\/h1>/],
    [{ fault: 'proxy-text-404' }, 404, { 'content-type': 'text/plain; charset=utf-8' }, /^default backend - 404$/],
    [{ fault: 'proxy-empty' }, 404, { 'content-type': null }, /^$/],
    [{ fault: 'proxy-empty', value: 403 }, 403, { 'content-length': '0' }, /^$/],
    [{ fault: 'proxy-json-401' }, 401, { 'www-authenticate': null }, /^\{"status":401,"error":"Unauthorized"\}$/],
    [{ fault: 'proxy-json-403' }, 403, { 'x-amzn-errortype': 'ForbiddenException' }, /^\{"message":"Forbidden"\}$/],
    [
      { fault: 'proxy-json-404' },
      404,
      { server: 'kong/3.9.0' },
      /^\{"message":"no Route matched with those values"\}$/,
    ],
    [{ fault: 'proxy-json-error' }, 403, {}, /^\{"error":"access denied by policy"\}$/],
    [{ fault: 'proxy-json-error', value: 404 }, 404, {}, /^\{"error":"not found"\}$/],
    [{ fault: 'proxy-json-429' }, 429, { 'retry-after': '30' }, /^\{"error":"Rate limit exceeded"\}$/],
    [{ fault: 'proxy-json-429', value: 1 }, 429, { 'retry-after': '1' }, /^\{"error":"Rate limit exceeded"\}$/],
    [{ fault: 'proxy-challenge' }, 403, { 'cf-mitigated': 'challenge' }, /Just a moment/],
    [{ fault: 'slashes-apache' }, 404, { server: 'Apache/2.4.62 (Debian)' }, /<h1>Not Found<\/h1>/],
    [{ fault: 'slashes-tomcat' }, 400, { server: null }, /HTTP Status 400/],
    [{ fault: 'slashes-iis' }, 400, { server: 'Microsoft-HTTPAPI/2.0' }, /Bad Request - Invalid URL/],
    [{ fault: 'slashes-envoy' }, 400, { server: 'envoy' }, /^$/],
  ]

  test.each(answers)('%j', async (rule, status, headers, body) => {
    gitlab.faults.set(rule)
    const answer = await get(gitlab, project)
    expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(body)])
    for (const [name, value] of Object.entries(headers)) expect([name, answer.headers.get(name)]).toEqual([name, value])
    for (const header of ['x-gitlab-meta', 'x-request-id']) expect(answer.headers.get(header)).toBeNull()
  })

  test.each(answers)('%j: only encoded slashes, where it is about them', async (rule, status) => {
    gitlab.faults.set(rule)
    expect((await get(gitlab)).status).toBe(rule.fault.startsWith('slashes-') ? 200 : status)
    gitlab.faults.clear()
    expect((await get(gitlab, project)).status).toBe(200)
  })
})
