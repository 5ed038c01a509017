// Makes the pictures of the README and of docs from the running program: `npm run screenshots`.

import { mkdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { linkAccount } from '../support/platforms.ts'
import { addManyUsers } from './support/many-users.ts'
import { describeInBrowser, type Stage } from './support/stage.ts'

const images = join(import.meta.dirname, '../../docs/images')
const MAX_BYTES = 200_000

async function take(page: Page, name: string): Promise<void> {
  const path = join(images, `${name}.png`)
  mkdirSync(images, { recursive: true })
  await page.evaluate('document.fonts.ready.then(() => true)')
  await page.mouse.move(0, 0)
  await page.screenshot({ path, animations: 'disabled' })
  expect(statSync(path).size, path).toBeLessThan(MAX_BYTES)
}

async function linkByOAuth(page: Page, path: string): Promise<void> {
  await page.goto(path)
  await page.getByRole('button', { name: /^Continue to/ }).click()
  await page.getByLabel(/\(alice\)/).check()
  await page.getByRole('button', { name: 'Allow' }).click()
  await page.getByText(/is linked\./).waitFor()
}

function pictures(stage: Stage): void {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`are made, ${colorScheme}`, async () => {
      const options = { colorScheme, viewport: { width: 1240, height: 800 }, deviceScaleFactor: 1.5 }
      const username = colorScheme === 'light' ? 'alice' : 'alice.example'
      const { page, account } = await stage.openSignedIn('/tokens', options, username)
      const { 'github-enterprise': ghes, 'gitlab-self-hosted': gitlab } = stage.sandbox.platforms
      await linkByOAuth(page, '/users/github/link')
      await linkByOAuth(page, '/users/gitlab/link')
      await linkAccount(account, ghes)
      const last = await linkAccount(account, gitlab, 'alice', 'expires-soon')

      await page.goto('/profile')
      await page.getByText('Needs attention').waitFor()
      await expect.poll(() => page.getByText('Working').count()).toBe(3)
      await take(page, `profile-${colorScheme}`)

      const search = new URLSearchParams({ link: last, query: 'example user:alice' })
      await page.goto(`/repositories?${search}`)
      await page
        .getByRole('status')
        .filter({ hasText: /\d repositories/ })
        .waitFor()
      await take(page, `repositories-${colorScheme}`)

      search.set('query', 'repo:john-diggle/example-repository')
      await page.goto(`/pull-requests?${search}`)
      await page
        .getByRole('status')
        .filter({ hasText: /\d merge requests/ })
        .waitFor()
      await take(page, `pull-requests-${colorScheme}`)
    }, 60_000)
  }

  test('are made of administration', async () => {
    const { service, sandbox, administrator } = stage
    await addManyUsers(service.services, 240)
    const links = [
      ['ada', 'github-enterprise', 'alice'],
      ['grace', 'gitlab-self-hosted', 'john-diggle'],
      ['hedy', 'github-enterprise', 'john-diggle'],
      ['mary', 'gitlab-self-hosted', 'alice'],
    ] as const
    for (const [person, platform, username] of links) {
      await linkAccount(await service.addAccount(person), sandbox.platforms[platform], username)
    }
    const { database } = service.services
    await database
      .updateTable('scmIntegrations')
      .set({ status: 'token_rejected' })
      .where('scmType', '=', 'gitlab-self-hosted')
      .where('username', '=', 'john-diggle')
      .execute()
    const { page } = await stage.openAs(administrator, '/administration', {
      colorScheme: 'light',
      viewport: { width: 1240, height: 800 },
      deviceScaleFactor: 1.5,
    })
    await page.getByText('Encryption keys').waitFor()
    await take(page, 'administration-light')
  }, 60_000)
}

// The sandbox's own ports, so that the addresses in the pictures are those of the documentation.
describeInBrowser('The pictures of the README', pictures, { ports: 4611 })
