// Linking by OAuth in a real browser, with the sandbox as github.com and gitlab.com, and the pages when it fails.

import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { accessibilityProblems } from './support/axe.ts'
import { describeInBrowser, screenshot, signIn } from './support/stage.ts'

/** From our own question to the decision on the platform's page. */
async function decide(page: Page, decision: 'Allow' | 'Refuse', { leaveOut }: { leaveOut?: string } = {}) {
  await page.getByRole('button', { name: /^Continue to/ }).click()
  await page.getByRole('group', { name: 'Sign in as' }).waitFor()
  await page.getByLabel(/\(alice\)/).check()
  if (leaveOut) await page.getByLabel(leaveOut).uncheck()
  await page.getByRole('button', { name: decision }).click()
}

describeInBrowser('Linking by OAuth', (stage) => {
  for (const [label, scmType] of [
    ['GitHub', 'github'],
    ['GitLab', 'gitlab'],
  ] as const) {
    test(`${label} is linked from the profile, shown with its picture, searched, and unlinked`, async () => {
      const { page, problems, account } = await stage.openSignedIn()
      await page.getByRole('link', { name: `Link ${label}` }).click()
      await page.getByRole('heading', { name: `Link ${label}` }).waitFor()
      expect(await accessibilityProblems(page)).toEqual([])
      await screenshot(page, `oauth-question-${scmType}`)
      await decide(page, 'Allow')

      await page.getByText(/^alice on .* is linked\./).waitFor()
      expect(new URL(page.url()).search).toBe('')
      const card = page.getByRole('article', { name: `${label}: alice` })
      await card.getByText('Working').waitFor()
      const picture = card.locator('img')
      expect(await picture.getAttribute('src')).toMatch(/^\/avatars\//)
      await expect
        .poll(() => picture.evaluate((image: { naturalWidth: number }) => image.naturalWidth))
        .toBeGreaterThan(0)
      expect(await card.getByRole('button', { name: 'Replace token' }).count()).toBe(0)

      await card.getByRole('link', { name: 'Repositories' }).click()
      await page
        .getByRole('status')
        .filter({ hasText: /\d repositories/ })
        .waitFor()

      await page.goBack()
      await card.getByRole('button', { name: 'Unlink' }).click()
      const dialog = page.getByRole('dialog')
      await dialog.getByText(`revokes it at ${label}`).waitFor()
      await dialog.getByRole('button', { name: 'Unlink' }).click()
      await page.getByText('No account is linked yet').waitFor()
      expect((await account.call('GET', '/v1/scm_integrations')).json.scm_integrations).toEqual([])
      expect(problems).toEqual([])
    })
  }

  test('somebody who is not signed in signs in first, and goes on', async () => {
    const account = await stage.service.addAccount('comes-from-outside')
    const { page, problems } = await stage.open()
    await page.goto('/users/github/link')
    expect(await accessibilityProblems(page)).toEqual([])
    await screenshot(page, 'sign-in')
    await signIn(page, account)
    await decide(page, 'Allow')
    await page.getByRole('article', { name: 'GitHub: alice' }).waitFor()
    expect(problems).toEqual([])
  })

  test('fewer scopes than needed are said, and linking again mends it', async () => {
    const { page, problems } = await stage.openSignedIn('/users/github/link')
    await decide(page, 'Allow', { leaveOut: 'read:public_key' })
    const card = page.getByRole('article', { name: 'GitHub: alice' })
    await card.getByText('Scopes missing').waitFor()
    await card.getByText('The token lacks read:public_key').waitFor()
    await card.getByRole('link', { name: 'Link again' }).click()
    await page.getByRole('heading', { name: 'Link alice at GitHub again' }).waitFor()
    await decide(page, 'Allow')
    await card.getByText('Working').waitFor()
    expect(await page.getByRole('article').count()).toBe(1)
    expect(problems).toEqual([])
  })

  test('a link that ended is shown as such when a call finds out, with the way to make it again', async () => {
    const { page } = await stage.openSignedIn('/users/gitlab/link')
    await decide(page, 'Allow')
    const card = page.getByRole('article', { name: 'GitLab: alice' })
    await card.getByText('Working').waitFor()
    for (const token of stage.sandbox.platforms.gitlab.state.tokens) if (token.oauth) token.revoked = true
    stage.sandbox.platforms.gitlab.faults.set({ fault: 'oauth-invalid-grant' })
    await card.getByRole('button', { name: 'Import SSH keys' }).click()
    await card.getByText(/Token (expired|refused)/).waitFor()
    await card.getByRole('link', { name: 'Link again' }).waitFor()
    expect(await card.getByText('Working').count()).toBe(0)
    stage.sandbox.platforms.gitlab.faults.clear()
  })

  test('a refusal ends on a page that says so and leads back', async () => {
    const { page } = await stage.openSignedIn('/users/gitlab/link')
    await decide(page, 'Refuse')
    await page.getByRole('heading', { name: 'You did not allow it' }).waitFor()
    expect(await page.getByText(/nothing was linked/i).count()).toBe(1)
    expect(await accessibilityProblems(page)).toEqual([])
    await screenshot(page, 'oauth-refused')
    await page.getByRole('link', { name: 'Try again' }).click()
    await page.getByRole('heading', { name: 'Link GitLab' }).waitFor()
    await page.getByRole('link', { name: 'Back to your profile' }).click()
    await page.getByText('No account is linked yet').waitFor()
  })

  test('a callback that nobody began links nothing, and says so', async () => {
    const { page } = await stage.openSignedIn()
    await page.goto('/users/github/callback?code=abc&state=unknown')
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.getByText(/nothing was linked/i).waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    await screenshot(page, 'oauth-unknown-attempt')
  })

  test('a platform that fails during linking ends on a page with a way to try again', async () => {
    const { page } = await stage.openSignedIn('/users/github/link')
    stage.sandbox.platforms.github.faults.set({ fault: 'status-500', path: '/login/oauth/access_token' })
    await decide(page, 'Allow')
    await page.getByRole('heading', { name: 'Linking GitHub did not work' }).waitFor()
    stage.sandbox.platforms.github.faults.clear()
    await page.getByRole('link', { name: 'Try again' }).click()
    await decide(page, 'Allow')
    await page.getByRole('article', { name: 'GitHub: alice' }).waitFor()
  })
})
