// Reliability section 8: a platform that means harm. Its pictures are checked before they are shown, and its texts are only ever text.

import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest'
import { describeInBrowser, signIn } from '../e2e/support/stage.ts'
import { type Browser, openBrowser, ownAddress } from '../support/browser.ts'
import { json, serve, type TestServer } from '../support/fault-server.ts'
import { type Service, startService } from '../support/service.ts'
import { ADDRESSES, type HostilePlatform, pictures, startHostilePlatform, TEXTS } from './hostile-platform.ts'

describe('the picture of an account', () => {
  let elsewhere: TestServer
  let platform: HostilePlatform
  let own: Service
  let visitor: Browser
  let ids: string[] = []
  const cases = pictures('{elsewhere}')

  beforeAll(async () => {
    elsewhere = await serve((_request, response) => {
      json(response, {})
    })
    const sent = pictures(elsewhere.origin).map(([, , picture]) => picture)
    platform = await startHostilePlatform(sent, (n, origin) =>
      n < sent.length ? `${origin}/picture/${n}` : `${elsewhere.origin}/of-another-server.png`,
    )
    const settings = { ...(await ownAddress()), ALLOWED_HOSTS: `${platform.origin},${elsewhere.origin}` }
    own = await startService('SQLite', settings, { limits: { headers: 500, retryMin: 1, retryMax: 5 } })
    const account = await own.addAccount('dave')
    visitor = openBrowser(own)
    await visitor.signIn(account)
    ids = []
    for (const n of [...cases, 'another'].keys()) {
      const link = { scm_type: 'github-enterprise', url: platform.origin, access_token: `token-${n}` }
      const { status, json } = await account.call('POST', '/v1/scm_integrations', link)
      expect(status).toBe(201)
      ids.push(json.scm_integration.id)
    }
  })
  afterAll(async () => {
    await own.close()
    await platform.close()
    await elsewhere.close()
  })

  it.each(cases.map(([name, shown], n) => ({ name, shown: shown ?? 'initials', n })))(
    'that is $name: $shown',
    async ({ shown, n }) => {
      const { status, headers, text } = await visitor.get(`/avatars/${ids[n]}`)
      const type = shown === 'initials' ? 'image/svg+xml; charset=utf-8' : shown
      expect([status, headers.get('content-type')]).toEqual([200, type])
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
      expect(headers.get('cache-control')).toMatch(/^private, max-age=/)
      if (shown === 'initials') {
        expect(text).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox="0 0 96 96"/)
        expect(text).not.toMatch(/<script|onload=(?!window)|<img|<iframe|<svg\//)
        expect(text.length).toBeLessThan(1_000)
      }
      const carried = platform.carried.get(`/picture/${n}`)
      expect([carried?.authorization, carried?.cookie, carried?.['private-token']]).toEqual([
        undefined,
        undefined,
        undefined,
      ])
    },
  )

  it('is never asked for where a redirect points, nor at a private host that was allowed for platforms', async () => {
    expect(elsewhere.seen).toEqual([])
    expect((await visitor.get(`/avatars/${ids.at(-1)}`)).headers.get('content-type')).toContain('svg')
    expect(elsewhere.seen).toEqual([])
    // What did not answer has been let go.
    await vi.waitFor(async () => expect(await platform.open()).toBeLessThanOrEqual(1), { timeout: 6_000 })
  })
})

describeInBrowser('Hostile texts', (stage) => {
  /** Nothing of a text has become more than text. */
  async function isOnlyText(page: Page): Promise<void> {
    expect(await page.evaluate('window.hit')).toBeUndefined()
    const odd =
      '#hit, main script, main iframe, main object, main embed, main style, [onerror], [onload], [onmouseover]'
    expect(await page.locator(odd).count()).toBe(0)
    const links = await page
      .locator('a[href]')
      .evaluateAll((all) => all.map((link) => String((link as { href?: string }).href)))
    expect(links.filter((href) => !/^https?:\/\//.test(href))).toEqual([])
    const images = await page
      .locator('main img')
      .evaluateAll((all) => all.map((image) => String((image as { src?: string }).src)))
    expect(images.filter((src) => new URL(src).origin !== new URL(page.url()).origin)).toEqual([])
  }

  test('are shown word for word, run nothing, load nothing, and lead nowhere but to the web', async () => {
    const platform = await startHostilePlatform()
    const own = await startService('SQLite', { ...(await ownAddress()), ALLOWED_HOSTS: platform.origin })
    try {
      const account = await own.addAccount('erin')
      const ids: string[] = []
      for (const n of TEXTS.keys()) {
        const link = { scm_type: 'github-enterprise', url: platform.origin, access_token: `token-${n}` }
        const { status, json, text } = await account.call('POST', '/v1/scm_integrations', link)
        expect([status, text]).toEqual([201, expect.any(String)])
        ids.push(json.scm_integration.id)
        expect(json.scm_integration.profile_url ?? 'https://').toMatch(/^https?:/)
        expect((await account.call('POST', `/v1/scm_integrations/${ids[n]}/import_keys`)).json.keys).toHaveLength(1)
      }
      const { page, problems } = await stage.open({ baseURL: own.url })
      const dialogs: string[] = []
      page.on('dialog', (dialog) => {
        dialogs.push(dialog.message())
        dialog.dismiss().catch(() => undefined)
      })
      await page.goto('/profile')
      await signIn(page, account)
      for (const path of [
        '/profile',
        `/repositories?link=${ids[0]}&query=x`,
        `/pull-requests?link=${ids[0]}&query=repo:a/b`,
        '/keys',
        '/activity',
      ]) {
        await page.goto(path)
        // The first page of the activity has the newest twenty, three of each link.
        for (const each of path === '/activity' ? TEXTS.slice(-6) : TEXTS) {
          // Names of keys and events are lines of ours: what turns the direction of writing is a blank there.
          const text = ['/keys', '/activity'].includes(path) ? each.replace(/[\u202e\u2067]/g, ' ') : each
          await expect
            .poll(() => page.locator('main').textContent(), { message: path, timeout: 15_000 })
            .toContain(text)
        }
        await isOnlyText(page)
        // Also when everything on it has been pointed at.
        for (const link of (await page.locator('main a').all()).slice(0, 12)) await link.hover()
        await isOnlyText(page)
      }
      expect([dialogs, problems]).toEqual([[], []])
      expect(ADDRESSES).toHaveLength(TEXTS.length)
    } finally {
      await own.close()
      await platform.close()
    }
  }, 90_000)
})
