// A platform is added by a folder, a line in vendors.ts and its rows in scm-types.ts: nothing compiles before it has told
// everything, and then all parts speak of it in its own words.

import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBrowser, ownAddress } from './support/browser.ts'
import { json, serve, type TestServer } from './support/fault-server.ts'
import { createOverlay, type Overlay, type Sources } from './support/overlay.ts'
import type { Account, Service } from './support/service.ts'

const root = resolve(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')
/** TypeScript reads much for this, on a machine that may have others to serve. */
const SLOW_MS = 120_000

const sources: Sources = new Map()
const STUB = 'test/support/stub-vendor.ts'
const VENDORS = 'src/platforms/vendors.ts'

/** As somebody would edit it. */
function changed(path: string, before: string, after: string): Record<string, string> {
  const text = read(path)
  expect(text).toContain(before)
  return { [path]: text.replace(before, after) }
}

const ROW = changed(
  'src/platforms/scm-types.ts',
  '} as const satisfies Record<string, { vendor',
  "  gitea: { vendor: 'gitea', label: 'Gitea at home', oauth: false },\n} as const satisfies Record<string, { vendor",
)
const LINE = {
  [VENDORS]: `import { gitea } from '../../${STUB}'\n${read(VENDORS).replace('{ github, gitlab }', '{ github, gitlab, gitea }')}`,
}

/** The stub without the member at `line`, which may have lines of its own. */
function without(line: string): string {
  const lines = read(STUB).split('\n')
  const start = lines.findIndex((each) => each === line || each.startsWith(`${line} `))
  const indent = /^ */.exec(line)?.[0] ?? ''
  expect(start, line).toBeGreaterThan(-1)
  const isOneLine = !/[{[]$/.test(lines[start] ?? '')
  const isEnd = (each: string) => each.startsWith(`${indent}}`) || each.startsWith(`${indent}]`)
  const length = isOneLine ? 1 : lines.slice(start).findIndex(isEnd) + 1
  return lines.toSpliced(start, length).join('\n')
}

const MEMBERS = ['  words:', '  addresses:', '  scopes:', '  oauth:', '  identify:', '  open:']
const WORDS = ['name:', 'server:', 'organizations:', 'changeRequest:', 'repositoryForm:', 'shortWords:']
const ADDRESSES = ['hosted:', 'apiUrl:', 'apiPaths:', 'pagePaths:', 'mainHost:', 'tokensPath:', 'newTokenPath:']
const LINES = [...MEMBERS, ...[...WORDS, ...ADDRESSES, 'question:', 'read:'].map((name) => `    ${name}`)]

describe('a vendor that has not told everything does not compile', { timeout: SLOW_MS }, () => {
  it('a row alone asks for the vendor, and for its icon', () => {
    const overlay = createOverlay(ROW, [VENDORS, 'dashboard/platforms.tsx'], sources)
    expect(overlay.errorsOf(VENDORS).join()).toContain("Property 'gitea' is missing")
    expect(overlay.errorsOf('dashboard/platforms.tsx').join()).toContain("Property 'gitea' is missing")
  })

  it('a platform that is linked by OAuth asks for its endpoints and settings', () => {
    const row = {
      'src/platforms/scm-types.ts': (Object.values(ROW)[0] ?? '').replace("home', oauth: false", "home', oauth: true"),
    }
    const overlay = createOverlay({ ...row, ...LINE }, ['src/platforms/oauth-application.ts'], sources)
    expect(overlay.errorsOf(VENDORS).join()).toContain('oauth')
    expect(overlay.errorsOf('src/platforms/oauth-application.ts')).not.toEqual([])
  })

  it('every member that it leaves out', () => {
    const paths = LINES.map((line) => `test/support/without-${line.replace(/\W/g, '')}.ts`)
    const variants = Object.fromEntries(LINES.map((line, index) => [paths[index] ?? '', without(line)]))
    const overlay = createOverlay({ ...ROW, ...LINE, ...variants }, [], sources)
    for (const [index, line] of LINES.entries()) {
      expect(overlay.errorsOf(paths[index] ?? '').join(), line).toContain(`'${line.trim().slice(0, -1)}' is missing`)
    }
  })
})

describe('a vendor that has told everything', { timeout: SLOW_MS }, () => {
  let overlay: Overlay
  let forge: TestServer
  let service: Service
  let alice: Account
  let folder: string
  const load = (path: string) => import(pathToFileURL(join(folder, path)).href)

  beforeAll(async () => {
    overlay = createOverlay({ ...ROW, ...LINE }, ['src/commands/doctor.ts', 'test/support/service.ts'], sources)
    folder = overlay.build()
    forge = await serve((request, response) =>
      request.url === '/forge/api/v1/version' ? json(response, { version: '1.25.4' }) : response.writeHead(404).end(),
    )
    const { startService } = (await load('test/support/service.js')) as typeof import('./support/service.ts')
    service = await startService('SQLite', { ...(await ownAddress()), ALLOWED_HOSTS: forge.origin })
    alice = await service.addAccount('alice')
  }, SLOW_MS)
  afterAll(async () => {
    await service?.close()
    await forge?.close()
    overlay?.remove()
  })

  it.each([VENDORS, STUB, 'src/platforms/platform-url.ts', 'src/platforms/probe.ts', 'src/integrations/health.ts'])(
    'compiles in %s',
    (path) => expect(overlay.errorsOf(path)).toEqual([]),
  )

  it('is linked below its path, and its health names its token page', async () => {
    const scm_integration = { scm_type: 'gitea', url: `${forge.origin}/forge`, access_token: 'secret' }
    const linked = await alice.call('POST', '/v1/scm_integrations', { scm_integration })
    expect([linked.status, linked.json.scm_integration?.username]).toEqual([201, 'alice'])
    const { json } = await alice.call('GET', `/v1/scm_integrations/${linked.json.scm_integration.id}/health`)
    expect(json.health).toMatchObject({
      status: 'scope_missing',
      platform: { name: 'Gitea', version: '1.25.4' },
      problems: [{ code: 'scope_missing', fix_url: `${forge.origin}/forge/user/settings/applications` }],
    })
  })

  it('names its own API and its own platform in what is wrong with an address', async () => {
    const problems = []
    for (const url of [`${forge.origin}/forge/api/v1/user`, 'https://gitea.com']) {
      const scm_integration = { scm_type: 'gitea', url, access_token: 'secret' }
      problems.push((await alice.call('POST', '/v1/scm_integrations', { scm_integration })).json.errors.url)
    }
    expect(problems).toEqual([
      [`is the address of the API; use ${forge.origin}/forge`],
      ['is gitea.com itself, whose accounts are linked by signing in there, on the profile page'],
    ])
  })

  it('is among the types that can be linked, and among the forms of a repository', async () => {
    const scm_integration = { scm_type: 'nothing', url: 'https://forge.example.com', access_token: 'secret' }
    const answer = await alice.call('POST', '/v1/scm_integrations', { scm_integration })
    expect(answer.json.errors.scm_type).toEqual(['must be github-enterprise, gitlab-self-hosted or gitea'])
    const branches = await alice.call('GET', '/v1/scm_integrations/gitea/branches?repo_name=x')
    expect(branches.json.errors.repo_name).toEqual([
      'is not the name of a repository: write OWNER/NAME (or GROUP/SUBGROUP/NAME on GitLab or TEAM/NAME on Gitea)',
    ])
  })

  it('is recognised by doctor', async () => {
    const { doctor } = (await load('src/commands/doctor.js')) as typeof import('../src/commands/doctor.ts')
    const sources = { environment: {}, envFile: null, settings: async () => service.config }
    const { text } = await doctor(sources, `${forge.origin}/forge`, { json: false })
    expect(text).toContain('Gitea 1.25.4 answers. Link it with scm_type gitea.')
    const nobody = await doctor(sources, `${forge.origin}/nobody`, { json: false })
    expect(nobody.text).toContain('Neither GitHub, GitLab nor Gitea answers there')
  })

  it('is told to the dashboard in its own words', async () => {
    const browser = openBrowser(service)
    await browser.submit(await browser.get('/sign-in'), { login: 'alice', password: alice.password })
    const { platforms } = (await browser.get('/session')).json.session
    expect(platforms.at(-1)).toEqual({
      scm_type: 'gitea',
      vendor: 'gitea',
      label: 'Gitea at home',
      self_hosted: true,
      oauth: null,
      words: {
        vendor: 'Gitea',
        server: 'Gitea',
        organizations: 'teams',
        change_request: 'change',
        change_requests: 'changes',
        change_request_sign: '%',
        repository_form: 'team/name',
      },
      short_words: { fewer_than: 2, hint: 'Gitea wants two letters or more of a word.' },
      scopes: [
        { name: 'read:user', why: 'who you are', optional: false },
        { name: 'read:repository', why: 'your repositories', optional: true },
      ],
      new_token_path: '/user/settings/applications?scopes=read:user,read:repository',
    })
  })

  it('is on the page of the API', async () => {
    const { text } = await openBrowser(service).get('/docs')
    expect(text).toContain('Link an account on GitHub Enterprise Server, GitLab self-hosted or Gitea at home')
    expect(text).toContain('List your organisations (GitHub), groups (GitLab) or teams (Gitea)')
    expect(text).toContain('Search pull requests (GitHub), merge requests (GitLab) or changes (Gitea)')
  })
})
