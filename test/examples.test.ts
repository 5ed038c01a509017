// Every curl command of the API's documentation works word for word, with other hosts, ids and tokens in their place.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { SELF_HOSTED, startPlatforms } from './support/platforms.ts'
import type { Account, Service } from './support/service.ts'
import { describeOnBothEngines, startService } from './support/service.ts'

interface Example {
  title: string
  command: string
  status: number
  body: unknown
}

const text = readFileSync(new URL('examples/scm-integrations.txt', import.meta.url), 'utf8')
const examples: Example[] = [
  ...text.matchAll(
    /^((?:GET|POST|DELETE) \S+)\nExample request\n(curl [\s\S]+?)\nReturns (\d+) [^\n]*\n([\s\S]*?)(?=\n\n|\n*(?![\s\S]))/gm,
  ),
].map(([, title = '', command = '', status = '', body = '']) => ({
  title: title.replace('https://auth.example.com', ''),
  command,
  status: Number(status),
  body: body.trim() ? JSON.parse(body) : undefined,
}))

/** "object", "string", …; every member of an object and every item of an array by its own. */
function typesOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(typesOf)
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, typesOf(member)]))
}

async function runCommand(command: string, bearer: string): Promise<{ status: number; body: unknown }> {
  const script = `${command} -s -w '\\n%{http_code}'`
  const { stdout } = await promisify(execFile)('bash', ['-c', script], {
    env: { ...process.env, BEARER_TOKEN: bearer },
  })
  const end = stdout.lastIndexOf('\n')
  const answer = stdout.slice(0, end)
  return { status: Number(stdout.slice(end + 1)), body: answer === '' ? undefined : JSON.parse(answer) }
}

describeOnBothEngines('the examples of the documentation', (engine) => {
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

  it('are there, one for each call', () => {
    expect(examples.map(({ title }) => title)).toEqual([
      'GET /v1/scm_integrations',
      'GET /v1/scm_integrations/[:id]',
      'POST /v1/scm_integrations',
      'POST /v1/scm_integrations/[:id]/import_keys',
      'GET /v1/scm_integrations/[:id]/search_repos?query=XXX',
      'GET /v1/scm_integrations/[:id]/orgs',
      'GET /v1/scm_integrations/[:id]/search_pull_requests?query=XXX',
      'DELETE /v1/scm_integrations/[:id]',
    ])
  })

  describe.each(SELF_HOSTED)('on %s', (name) => {
    let account: Account
    let id: string

    beforeAll(async () => {
      account = await service.addAccount(`reader-of-${name}`)
    })

    /** The example that links comes first, so that the others have a link to use. */
    const inOrder = [...examples].sort(
      (a, b) =>
        Number(b.status === 201 && !b.title.includes('[:id]')) - Number(a.status === 201 && !a.title.includes('[:id]')),
    )

    it.each(inOrder)('$title', async ({ command, status, body }) => {
      const platform = sandbox.platforms[name]
      const ready = command
        .replaceAll('https://auth.example.com', service.url)
        .replaceAll('5bb2e877-9e5c-a83f-8e0e-7c75eebf212c', id)
        .replace('gitlab-self-hosted', platform.scmType)
        .replace('https://gitlab.example.com', platform.url)
        .replace('e9740ca2466cf4da5e6c3a9e79a64f84bdf4b3b2', platform.token('alice'))
      const answer = await runCommand(ready, account.bearer)
      expect(answer.status).toBe(status)
      if (body === undefined) expect(answer.body).toBeUndefined()
      else expect(typesOf(answer.body)).toMatchObject(firstOf(body))
      if (status === 201 && command.includes('-d')) {
        id = (answer.body as { scm_integration: { id: string } }).scm_integration.id
        expect((answer.body as { scm_integration: object }).scm_integration).not.toHaveProperty('access_token')
      }
    })
  })
})

/** The types of an example, for an answer that has as many items or more. */
function firstOf(body: unknown): object {
  return Object.fromEntries(
    Object.entries(body as object).map(([root, value]) => [
      root,
      Array.isArray(value)
        ? expect.arrayContaining(value.map((item) => expect.objectContaining(typesOf(item) as object)))
        : typesOf(value),
    ]),
  )
}
