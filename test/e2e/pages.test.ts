// Every page, light and dark, wide and narrow: nothing in the console, no other origin, nothing for axe to say, nothing cut off.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { builtDashboard } from '../../src/http/dashboard.ts'
import { oidcSettings } from '../support/openid-provider.ts'
import { linkAccount } from '../support/platforms.ts'
import { accessibilityProblems } from './support/axe.ts'
import { describeInBrowser, type Stage, screenshot, signIn, type Visit } from './support/stage.ts'

interface Case {
  name: string
  path: string
  title: string
  /** Until what is to be seen is there. */
  ready: (page: Page) => Promise<void>
}

const pages: Case[] = [
  {
    name: 'profile',
    path: '/profile',
    title: 'Profile',
    async ready(page) {
      await page.getByText('Needs attention').waitFor()
      await page.getByRole('button', { name: 'Import SSH keys' }).first().click()
      await page.getByText('were left out').or(page.getByText('was left out')).first().waitFor()
    },
  },
  {
    name: 'link-form',
    path: '/profile',
    title: 'Profile',
    async ready(page) {
      await page.getByRole('button', { name: 'Add GitHub Enterprise Server' }).click()
      await page.getByLabel('Address').fill('https://github.example.com')
    },
  },
  {
    name: 'unlink-question',
    path: '/profile',
    title: 'Profile',
    async ready(page) {
      await page.getByRole('button', { name: 'Unlink' }).first().click()
      await page.getByRole('dialog').getByRole('button', { name: 'Unlink' }).waitFor()
    },
  },
  {
    name: 'repositories',
    path: '/repositories?query=example+user:alice',
    title: 'Repositories',
    ready: (page) =>
      page
        .getByRole('status')
        .filter({ hasText: /\d repositories/ })
        .waitFor(),
  },
  {
    name: 'pull-requests',
    path: '/pull-requests?query=repo:john-diggle/example-repository',
    title: 'Pull requests',
    ready: (page) =>
      page
        .getByRole('status')
        .filter({ hasText: /\d pull requests/ })
        .waitFor(),
  },
  {
    name: 'keys',
    path: '/keys',
    title: 'SSH keys',
    ready: (page) => page.getByText('SHA256:').first().waitFor(),
  },
  {
    name: 'tokens',
    path: '/tokens',
    title: 'API tokens',
    async ready(page) {
      await page.getByLabel('Name').fill('Nightly build')
      await page.getByRole('button', { name: 'Make token' }).click()
      await page.getByText('Copy “Nightly build” now').waitFor()
    },
  },
  {
    name: 'account',
    path: '/account',
    title: 'Your account',
    async ready(page) {
      await page.getByText('This browser').waitFor()
      await page.getByRole('button', { name: 'Connect Corp ID' }).waitFor()
    },
  },
  {
    name: 'activity',
    path: '/activity',
    title: 'Activity',
    async ready(page) {
      await page.getByText('API token “Nightly build” made').first().waitFor()
      await page
        .getByText(/SSH keys? imported from/)
        .first()
        .waitFor()
    },
  },
]

/** Pixels. */
const WIDTHS = [1280, 360] as const

async function prepare(stage: Stage, { account }: Visit): Promise<void> {
  const { 'github-enterprise': ghes, 'gitlab-self-hosted': gitlab, 'gitlab-subpath': subpath } = stage.sandbox.platforms
  await linkAccount(account, ghes)
  await linkAccount(account, gitlab, 'alice', 'expires-soon')
  const third = await linkAccount(account, subpath, 'john-diggle')
  await account.call('POST', `/v1/scm_integrations/${third}/import_keys`)
}

/** With all ways in that there are, so that every page has all that it can have. Nobody asks the provider. */
const settings = {
  ...oidcSettings({ issuer: 'https://login.corp.example' }),
  SCIM_ISSUER: 'https://login.corp.example',
}

function walk(stage: Stage): void {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`is in order when ${colorScheme}, wide and narrow`, async () => {
      const visit = await stage.openSignedIn('/keys', { colorScheme })
      const { page, problems } = visit
      await prepare(stage, visit)
      for (const { name, path, title, ready } of pages) {
        await page.setViewportSize({ width: WIDTHS[0], height: 860 })
        await page.goto(path)
        await ready(page)
        expect(await page.title()).toBe(`${title} · Forgelink`)
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 860 })
          await screenshot(page, `${name}-${colorScheme}-${width}`)
          // Narrow and dark are no worse together than apart.
          if (colorScheme === 'light' || width === WIDTHS[0]) {
            expect(await accessibilityProblems(page), name).toEqual([])
          }
          expect(await page.evaluate<number>('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(width)
        }
      }
      expect(problems).toEqual([])
    }, 90_000)
  }

  test('the list of all calls is in order, and fits a phone', async () => {
    for (const width of [1280, 390]) {
      const { page, problems } = await stage.open({ viewport: { width, height: 860 } })
      await page.goto('/docs')
      await page.getByText('GET /v1/scm_integrations/{id}/search_repos').waitFor()
      await page.getByText('search_repos?query=example').first().waitFor()
      await screenshot(page, `docs-${width}`)
      expect(await accessibilityProblems(page)).toEqual([])
      expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      const outside = `[...document.querySelectorAll('main code')].filter((code) =>
        code.getBoundingClientRect().right > document.querySelector('main').getBoundingClientRect().right).length`
      expect(await page.evaluate<number>(outside)).toBe(0)
      expect(problems).toEqual([])
    }
  })

  test('the pages without a script have the dashboard’s typeface, and are in order', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const { page, problems } = await stage.openSignedIn('/profile', { colorScheme })
      const cookies = await page.context().cookies()
      for (const [name, path, isSignedIn] of [
        ['sign-in', '/sign-in?notice=signed_out', false],
        ['consent', '/users/github/link', true],
        ['no-page', '/nothing', true],
      ] as const) {
        await page.context().clearCookies()
        if (isSignedIn) await page.context().addCookies(cookies)
        await page.goto(path)
        await page.evaluate('document.fonts.ready.then(() => true)')
        const loaded = `[...document.fonts].filter(({ status }) => status === 'loaded').map(({ family }) => family)`
        expect(await page.evaluate(loaded), name).toContain('Instrument Sans Variable')
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 860 })
          await screenshot(page, `${name}-${colorScheme}-${width}`)
          expect(await accessibilityProblems(page), name).toEqual([])
          expect(await page.evaluate<number>('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(width)
        }
      }
      expect(problems.filter((problem) => !problem.includes('/nothing'))).toEqual([])
    }
  })

  test('a dialog brings no second banner', async () => {
    const { page } = await stage.openSignedIn()
    await page.getByRole('button', { name: 'Add GitHub Enterprise Server' }).click()
    await page.getByRole('dialog').waitFor()
    expect(await page.getByRole('dialog').locator('header:not([role="presentation"])').count()).toBe(0)
  })

  test('the empty pages are in order too', async () => {
    const { page, problems } = await stage.openSignedIn()
    for (const [path, text] of [
      ['/profile', 'No account is linked yet'],
      ['/repositories', 'There is no account to search with'],
      ['/keys', 'No keys yet'],
    ] as const) {
      await page.goto(path)
      await page.getByText(text).waitFor()
      await screenshot(page, `empty${path.replace('/', '-')}`)
      expect(await accessibilityProblems(page), path).toEqual([])
    }
    expect(problems).toEqual([])
  })

  test('the first page’s script is under 200 kB compressed', async () => {
    const { page } = await stage.open()
    const scripts = new Set<string>()
    page.on('request', (request) => {
      if (request.resourceType() === 'script') scripts.add(new URL(request.url()).pathname)
    })
    const account = await stage.service.addAccount('first-visit')
    await page.goto('/profile')
    await signIn(page, account)
    await page.getByText('No account is linked yet').waitFor()
    const folder = builtDashboard()
    expect(readdirSync(folder)).toContain('index.html')
    const sizes = [...scripts].map((path) => gzipSync(readFileSync(join(folder, path)), { level: 9 }).length)
    expect(sizes.length).toBeGreaterThan(1)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(200_000)
  })
}

describeInBrowser('Every page', walk, { settings })
