// PUBLIC_URL with a path in a real browser, behind a reverse proxy that takes the path off and behind one that leaves it.

import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { oauthSettings } from '../support/oauth.ts'
import { type PathProxy, startPathProxy } from '../support/path-proxy.ts'
import { type Account, startService } from '../support/service.ts'
import { accessibilityProblems } from './support/axe.ts'
import { describeInBrowser, signIn } from './support/stage.ts'

describeInBrowser('Below the path of PUBLIC_URL', (stage) => {
  for (const [name, takesOff] of [
    ['takes the path off', true],
    ['leaves the path', false],
  ] as const) {
    test(`behind a proxy that ${name}, somebody signs in, looks around, links, unlinks and signs out`, async () => {
      const proxy = await startPathProxy('/forgelink', { takesOff })
      const service = await startService('SQLite', { PUBLIC_URL: proxy.publicUrl, ...oauthSettings(stage.sandbox) })
      proxy.target = service.url
      const { page, problems } = await stage.open({ baseURL: proxy.origin })
      try {
        await visit(page, proxy, await service.addAccount('alice'))
        expect(problems).toEqual([])
        expect(proxy.outside).toEqual([])
      } finally {
        await service.close()
        await proxy.close()
      }
    }, 120_000)
  }
})

async function visit(page: Page, { publicUrl }: PathProxy, account: Account): Promise<void> {
  const at = () => new URL(page.url()).href.split('?')[0]
  await page.goto('/forgelink')
  expect(at()).toBe(`${publicUrl}/sign-in`)
  expect(await accessibilityProblems(page)).toEqual([])
  await signIn(page, account)
  await page.getByRole('heading', { name: 'Profile' }).waitFor()
  await expect.poll(at).toBe(`${publicUrl}/profile`)
  expect(await accessibilityProblems(page)).toEqual([])

  await page.getByRole('link', { name: 'Link GitHub' }).click()
  await page.getByRole('button', { name: 'Continue to GitHub' }).click()
  await page.getByLabel(/\(alice\)/).check()
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByText(/^alice on .* is linked\./).waitFor()
  expect(page.url()).toBe(`${publicUrl}/profile`)
  const card = page.getByRole('article', { name: 'GitHub: alice' })
  await card.getByText('Working').waitFor()
  const picture = card.locator('img')
  expect(await picture.getAttribute('src')).toMatch(/^\/forgelink\/avatars\//)
  await expect.poll(() => picture.evaluate((image: { naturalWidth: number }) => image.naturalWidth)).toBeGreaterThan(0)

  // Every page by its link, which loads its own script and styles, and anew.
  await card.getByRole('link', { name: 'Repositories' }).click()
  await page
    .getByRole('status')
    .filter({ hasText: /\d repositories/ })
    .waitFor()
  expect(at()).toBe(`${publicUrl}/repositories`)
  const navigation = page.getByRole('navigation', { name: 'Pages' })
  for (const [title, path] of [
    ['Pull requests', 'pull-requests'],
    ['SSH keys', 'keys'],
    ['API tokens', 'tokens'],
    ['Users', 'administration/users'],
    ['Activity', 'activity'],
    ['Repositories', 'repositories'],
  ] as const) {
    await navigation.getByRole('link', { name: title, exact: true }).click()
    await page.getByRole('heading', { level: 1, name: title }).waitFor()
    expect(at()).toBe(`${publicUrl}/${path}`)
    expect(await navigation.getByRole('link', { name: title, exact: true }).getAttribute('aria-current')).toBe('page')
  }
  await page.goBack()
  await page.getByRole('heading', { level: 1, name: 'Activity' }).waitFor()
  await page.reload()
  await page.getByRole('heading', { level: 1, name: 'Activity' }).waitFor()

  await navigation.getByRole('link', { name: 'Profile' }).click()
  await card.getByRole('button', { name: 'Unlink' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).click()
  await page.getByText('No account is linked yet').waitFor()

  await page.getByRole('button', { name: /^Account/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  expect(page.url()).toBe(`${publicUrl}/sign-in?notice=signed_out`)
}
