// The sandbox's answers against the vendors' official descriptions, where those are at hand.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Ajv, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask } from '../test/support/sandbox-client.ts'
import { type Sandbox, type SandboxPlatform, startSandbox } from './sandbox.ts'

const folder = fileURLToPath(new URL('../../shared/data/', import.meta.url))
const present = existsSync(folder)
if (!present) console.log(`skipped: the official descriptions are not there (${folder})`)

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await startSandbox({ ports: 'free' })
})
afterAll(() => sandbox.close())

const githubCalls: [path: string, described: string][] = [
  ['/user', '/user'],
  ['/user/emails', '/user/emails'],
  ['/user/keys', '/user/keys'],
  ['/user/ssh_signing_keys', '/user/ssh_signing_keys'],
  ['/user/orgs', '/user/orgs'],
  ['/user/repos?per_page=100', '/user/repos'],
  ['/users/john-diggle', '/users/{username}'],
  ['/users/alice/keys', '/users/{username}/keys'],
  ['/search/repositories?q=example+fork:true', '/search/repositories'],
  ['/search/issues?q=is:pr+repo:alice/example-repository&per_page=100', '/search/issues'],
  ['/repos/alice/example-fork', '/repos/{owner}/{repo}'],
  ['/repos/acme/website', '/repos/{owner}/{repo}'],
  ['/repos/john-diggle/example-repository/branches?per_page=100', '/repos/{owner}/{repo}/branches'],
  ['/repos/john-diggle/example-repository/branches/feature/add-logo', '/repos/{owner}/{repo}/branches/{branch}'],
  ['/repos/john-diggle/example-repository/pulls?state=all', '/repos/{owner}/{repo}/pulls'],
  ['/meta', '/meta'],
]

const gitlabCalls: [path: string, described: string][] = [
  ['/user', '/user'],
  ['/user/keys', '/user/keys'],
  ['/users?username=alice', '/users'],
  ['/users/alice/projects?per_page=100', '/users/{user_id}/projects'],
  ['/projects?search=example', '/projects'],
  ['/projects/alice%2Fexample-fork', '/projects/{id}'],
  ['/groups', '/groups'],
  ['/groups/acme%2Ftools', '/groups/{id}'],
  ['/groups/acme/projects?include_subgroups=true', '/groups/{id}/projects'],
  ['/merge_requests?scope=all', '/merge_requests'],
  ['/projects/john-diggle%2Fexample-repository/merge_requests', '/projects/{id}/merge_requests'],
  ['/projects/john-diggle%2Fexample-repository/repository/branches', '/projects/{id}/repository/branches'],
  ['/personal_access_tokens/self', '/personal_access_tokens/self'],
  ['/namespaces/acme', '/namespaces/{id}'],
  ['/metadata', '/metadata'],
  ['/version', '/version'],
]

describe.skipIf(!present)('against the official description', () => {
  test.each(githubCalls)('github.com %s', async (path, described) => {
    await check(sandbox.platforms.github, path, validator('github-api.github.com', described))
  })

  test.each(githubCalls)('GHES %s', async (path, described) => {
    await check(sandbox.platforms['github-enterprise'], path, validator('github-ghes-3.19', described), ['search_type'])
  })

  test('github.com /rate_limit', async () => {
    await check(sandbox.platforms.github, '/rate_limit', validator('github-api.github.com', '/rate_limit'))
  })

  test('the check notices a missing field and a wrong type', () => {
    expect(validator('github-api.github.com', '/user/emails')([{ email: 'a@example.test' }])).toBe(false)
    expect(validator('gitlab-v4', '/api/v4/projects')([{ id: 'one' }])).toBe(false)
  })

  test.each(gitlabCalls)('GitLab %s', async (path, described) => {
    await check(sandbox.platforms.gitlab, path, validator('gitlab-v4', `/api/v4${described}`))
  })
})

/** `unsent` are required fields that servers of that kind are known not to send. */
async function check(
  platform: SandboxPlatform,
  path: string,
  valid: ValidateFunction,
  unsent: string[] = [],
): Promise<void> {
  const token = platform.token('alice', platform.scmType.startsWith('github') ? 'wide' : 'full')
  const { status, body } = await ask(platform, path, { token })
  expect(status).toBe(200)
  valid(body)
  const errors = (valid.errors ?? []).filter(({ params }) => !unsent.includes(params.missingProperty))
  expect(errors).toEqual([])
}

const compiled = new Map<string, Ajv>()

function validator(file: string, path: string): ValidateFunction {
  const ajv = compiled.get(file) ?? load(file)
  compiled.set(file, ajv)
  const pointer = encodeURIComponent(path.replaceAll('/', '~1')).replaceAll('%7E', '~')
  const $ref = `${file}#/paths/${pointer}/get/responses/200/content/application~1json/schema`
  return ajv.compile({ $ref })
}

type Node = Record<string, unknown>

function load(file: string): Ajv {
  const description: unknown = JSON.parse(readFileSync(`${folder}${file}.subset.openapi.json`, 'utf8'))
  const gitlab = file.startsWith('gitlab')
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false })
  formats.default(ajv)
  ajv.addSchema({ $id: file, ...asNode(jsonSchemaFrom(mended(asNode(description), gitlab), gitlab)) })
  return ajv
}

function asNode(value: unknown): Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

/** The faults that the descriptions are known to have. */
function mended(description: Node, gitlab: boolean): Node {
  const schemas = asNode(asNode(description.components).schemas)
  const changes: [string, string, Node][] = gitlab
    ? [
        ['APIEntitiesUserPublic', 'identities', { type: 'array' }],
        ['APIEntitiesUserPublic', 'last_activity_on', { type: 'string', format: 'date' }],
        ['APIEntitiesPersonalAccessTokenWithLastUsedIps', 'expires_at', { type: 'string', format: 'date' }],
        ['APIEntitiesGroup', 'parent_id', { type: 'integer' }],
        ['APIEntitiesGroupDetail', 'parent_id', { type: 'integer' }],
      ]
    : [
        ['issue-search-result-item', 'body', { type: 'string', nullable: true }],
        ['pull-request-simple', 'head', {}],
      ]
  for (const [name, property, schema] of changes) {
    const properties = asNode(asNode(schemas[name]).properties)
    schemas[name] = { ...asNode(schemas[name]), properties: { ...properties, [property]: schema } }
  }
  return { ...description, components: { ...asNode(description.components), schemas } }
}

/** OpenAPI's `nullable` said in JSON Schema; GitLab tells nullable nowhere, so there every property is. */
function jsonSchemaFrom(value: unknown, everyPropertyNullable: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => jsonSchemaFrom(item, everyPropertyNullable))
  if (typeof value !== 'object' || value === null) return value
  const { nullable, discriminator: _, ...rest } = asNode(value)
  const node: Node = {}
  for (const [name, child] of Object.entries(rest)) node[name] = jsonSchemaFrom(child, everyPropertyNullable)
  if (everyPropertyNullable && typeof rest.properties === 'object') {
    const entries = Object.entries(asNode(node.properties))
    node.properties = Object.fromEntries(entries.map(([name, schema]) => [name, { anyOf: [schema, { type: 'null' }] }]))
  }
  return nullable === true ? { anyOf: [node, { type: 'null' }] } : node
}
