// Pictures of linked accounts through HTTP: from our own address, for their owner, and never with a token.

import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type FaultName, type Sandbox, startSandbox } from '../sandbox/sandbox.ts'
import { type Browser, openBrowser, ownAddress } from './support/browser.ts'
import { linkByOAuth, OAUTH_NAMES, oauthSettings } from './support/oauth.ts'
import type { Account, Service } from './support/service.ts'
import { describeOnBothEngines, startService } from './support/service.ts'

describeOnBothEngines('avatars', (engine) => {
  let sandbox: Sandbox
  let service: Service
  let count = 0
  let account: Account
  let browser: Browser

  beforeAll(async () => {
    sandbox = await startSandbox({ ports: 'free' })
    service = await startService(engine, { ...(await ownAddress()), ...oauthSettings(sandbox) })
  })
  beforeEach(async () => {
    sandbox.reset()
    account = await service.addAccount(`user${++count}`)
    browser = openBrowser(service)
    await browser.signIn(account)
  })
  afterAll(async () => {
    await service.close()
    await sandbox.close()
  })

  it('serves the account’s picture from our own address, asked for without a token and once', async () => {
    for (const name of OAUTH_NAMES) {
      const id = await linkByOAuth(browser, name)
      const answers = await Promise.all([1, 2, 3].map(() => browser.get(`/avatars/${id}`)))
      for (const { status, headers } of answers) {
        expect([status, headers.get('content-type')]).toEqual([200, 'image/png'])
        expect(headers.get('cache-control')).toBe('private, max-age=3600')
        expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
      }
      const asked = sandbox.platforms[name].requests.filter(({ path }) => path.includes('avatar'))
      expect(asked).toHaveLength(1)
      expect(asked[0]?.headers.authorization).toBeUndefined()
    }
  })

  it('is for the owner, signed in', async () => {
    const id = await linkByOAuth(browser, 'github')
    expect((await openBrowser(service).get(`/avatars/${id}`)).status).toBe(401)
    const other = openBrowser(service)
    await other.signIn(await service.addAccount(`viewer${count}`))
    const [foreign, unknown] = [id, '00000000-0000-0000-0000-000000000000'].map((one) => other.get(`/avatars/${one}`))
    expect([(await foreign)?.status, (await foreign)?.text]).toEqual([404, (await unknown)?.text])
  })

  it.each<[string, FaultName | null, string | number | undefined]>([
    ['it is not there', 'status-404', undefined],
    ['it is a page', 'html-200', undefined],
    ['it is larger than 256 kB', 'endless-body', undefined],
    ['it redirects elsewhere', 'redirect-foreign', undefined],
    ['it redirects to an address that is never contacted', 'redirect-metadata', undefined],
    ['the platform is down', 'connection-closed', undefined],
  ])('shows initials when %s', async (_case, fault) => {
    const id = await linkByOAuth(browser, 'github', { user: 'john-diggle' })
    if (fault) sandbox.platforms.github.faults.set({ fault, path: 'avatars' })
    const answer = await browser.get(`/avatars/${id}`)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/svg+xml; charset=utf-8'])
    expect(answer.text).toContain('>JD</text>')
    expect(answer.headers.get('cache-control')).toBe('private, max-age=300')
  })

  it('shows initials for an account without a picture', async () => {
    sandbox.platforms.gitlab.state.users.forEach((user) => {
      user.avatar = false
    })
    const id = await linkByOAuth(browser, 'gitlab', { user: 'carol' })
    expect((await browser.get(`/avatars/${id}`)).text).toContain('>CA</text>')
  })
})
