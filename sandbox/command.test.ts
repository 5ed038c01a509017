// What `forgelink sandbox` prints, and that the seeded keys are real ones.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { sandboxAsJson, sandboxAsText, sandboxSettings } from './command.ts'
import { type Sandbox, startSandbox } from './sandbox.ts'
import { publicKeys } from './seed/public-keys.ts'

let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await startSandbox({ ports: 'free' })
})
afterAll(() => sandbox.close())

test('as JSON: platforms with their users’ tokens, and settings', () => {
  const { github } = sandbox.platforms
  expect(sandboxAsJson(sandbox)).toMatchObject({
    platforms: [
      {
        name: 'github',
        scm_type: 'github',
        url: github.url,
        api_url: `${github.url}/api/v3`,
        users: expect.arrayContaining([
          { username: 'carol', tokens: { full: 'ghp_sandboxCarolFull00000000000000000000' } },
        ]),
        oauth: { client_id: 'Ov23liSandbox', client_secret: 'sandbox-github-client-secret' },
      },
      { name: 'github-enterprise', scm_type: 'github-enterprise' },
      { name: 'gitlab', scm_type: 'gitlab' },
      { name: 'gitlab-self-hosted', scm_type: 'gitlab-self-hosted' },
      { name: 'gitlab-subpath', scm_type: 'gitlab-self-hosted' },
    ],
  })
})

test('the settings allow the self-hosted ones by origin, without their path', () => {
  const { platforms } = sandbox
  const { ALLOWED_HOSTS, GITHUB_URL, GITLAB_URL } = sandboxSettings(sandbox)
  const subpath = platforms['gitlab-subpath'].url.replace('/code/gitlab', '')
  const hosts = [platforms['github-enterprise'].url, platforms['gitlab-self-hosted'].url, subpath]
  expect(ALLOWED_HOSTS).toBe(hosts.join(','))
  expect([GITHUB_URL, GITLAB_URL]).toEqual([platforms.github.url, platforms.gitlab.url])
})

test('as text: every address, every token, every setting', () => {
  const text = sandboxAsText(sandbox)
  for (const platform of Object.values(sandbox.platforms)) {
    expect(text).toContain(platform.url)
    expect(text).toContain(platform.token('alice'))
  }
  expect(text).toMatch(/^ALLOWED_HOSTS=http:\/\/127\.0\.0\.1:\d+,/m)
})

test('no token is good for two platforms', () => {
  const values = Object.values(sandbox.platforms).flatMap(({ state }) => state.tokens.map(({ value }) => value))
  expect(new Set(values).size).toBe(values.length)
})

test('a taken port is named', async () => {
  const first = await startSandbox().catch((error: Error) => error)
  const second = await startSandbox().catch((error: Error) => error)
  expect(second).toMatchObject({ message: expect.stringMatching(/^port 461\d is taken /) })
  if (!(first instanceof Error)) await first.close()
})

test('a closed sandbox answers nobody, even those it kept waiting', async () => {
  const own = await startSandbox({ ports: 'free' })
  const { github } = own.platforms
  github.faults.set({ fault: 'headers-never' })
  const waiting = fetch(`${github.apiUrl}/meta`).catch(() => 'refused')
  while (github.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  await own.close()
  expect(await waiting).toBe('refused')
  await expect(fetch(`${github.apiUrl}/meta`)).rejects.toThrow()
})

test('a platform can be stopped and started at the same address', async () => {
  const { gitlab, github } = sandbox.platforms
  await gitlab.stop()
  await expect(fetch(`${gitlab.apiUrl}/projects`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  expect((await fetch(`${github.apiUrl}/meta`)).status).toBe(200)
  await gitlab.start()
  expect((await fetch(`${gitlab.apiUrl}/projects`)).status).toBe(200)
})

test('the first word of each key is what its blob says', () => {
  for (const key of Object.values(publicKeys)) {
    const [type = '', blob = ''] = key.split(' ')
    const bytes = Buffer.from(blob, 'base64')
    expect(bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString()).toBe(type)
  }
})
