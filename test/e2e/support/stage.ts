// What tests in a browser play on: the built dashboard, the real service, the sandbox, and a browser with a watchful eye.

import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../sandbox/sandbox.ts'
import type { Environment } from '../../../src/config.ts'
import { openBrowser, ownAddress } from '../../support/browser.ts'
import { SELF_HOSTED } from '../../support/platforms.ts'
import { type Account, type Service, startService } from '../../support/service.ts'
import { findChromium, launchChromium } from './chromium.ts'
import { watch } from './watch.ts'

const root = join(import.meta.dirname, '../../..')
const screenshots = join(root, 'test-results/screenshots')

export interface Stage {
  service: Service
  sandbox: Sandbox
  /** The first user is one, and the people who are signed in are not. */
  administrator: Account
  /** A page of a browser profile of its own, closed after the test; `problems` are what it complained about. */
  open(options?: BrowserContextOptions): Promise<{ page: Page; problems: string[] }>
  /** The same, signed in as a new user, on the page at `path`. */
  openSignedIn(path?: string, options?: BrowserContextOptions, username?: string): Promise<Visit>
  /** The same, as somebody who is there. */
  openAs(account: Account, path?: string, options?: BrowserContextOptions): Promise<Visit>
}

export interface Visit {
  page: Page
  problems: string[]
  account: Account
}

/** Tests in a browser; left out, with a word about it, where there is none. */
export function describeInBrowser(
  name: string,
  tests: (stage: Stage) => void,
  { ports = 'free', settings = {} }: { ports?: SandboxOptions['ports']; settings?: Environment } = {},
): void {
  const chromium = findChromium()
  describe.skipIf(chromium === undefined)(name, { timeout: 90_000 }, () => {
    const stage = {} as Stage
    let browser: Browser
    let count = 0

    beforeAll(async () => {
      buildDashboard()
      const sandbox = await startSandbox({ ports })
      const service = await startService('SQLite', {
        ...sandboxSettings(sandbox),
        ...(await ownAddress()),
        ...settings,
      })
      browser = await launchChromium(chromium ?? '')
      const administrator = await service.addAccount('administrator')
      Object.assign(stage, { sandbox, service, administrator, open, openSignedIn, openAs })
    }, 180_000)

    // A test that failed leaves its faults and revoked tokens behind: neither its second try nor the next test sees them.
    afterEach(() => stage.sandbox.reset())

    afterAll(async () => {
      await browser?.close()
      await stage.service?.close()
      await stage.sandbox?.close()
    })

    async function open(options: BrowserContextOptions = {}) {
      const context = await browser.newContext({
        baseURL: stage.service.url,
        viewport: { width: 1280, height: 860 },
        locale: 'en',
        reducedMotion: 'reduce',
        ...options,
      })
      context.setDefaultTimeout(25_000)
      const page = await context.newPage()
      return { page, problems: watch(page, platformOrigins(stage.sandbox)) }
    }

    async function openSignedIn(path = '/profile', options: BrowserContextOptions = {}, username?: string) {
      count += 1
      return openAs(await stage.service.addAccount(username ?? `person-${count}`), path, options)
    }

    async function openAs(account: Account, path = '/profile', options: BrowserContextOptions = {}) {
      const { page, problems } = await open(options)
      const { cookies, signIn } = openBrowser(stage.service)
      await signIn(account)
      const { url } = stage.service
      await page.context().addCookies([...cookies].map(([name, value]) => ({ name, value, url, httpOnly: true })))
      await page.goto(path)
      return { page, problems, account }
    }

    tests(stage)
  })
}

/** Fills in the sign-in page. */
export async function signIn(page: Page, { username, password }: Pick<Account, 'username' | 'password'>) {
  await page.getByLabel(/e-mail|user name/i).fill(username)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL((url) => url.pathname !== '/sign-in')
}

/** A picture of the whole page (with a dialog: of what is in view), for people to look at. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const fullPage = (await page.getByRole('dialog').count()) === 0
  mkdirSync(screenshots, { recursive: true })
  await page.evaluate('document.fonts.ready.then(() => true)')
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage, animations: 'disabled' })
}

/** Several test files come here at once; the first builds and the others wait. */
function buildDashboard(): void {
  const program = join(root, 'scripts/prepare.mjs')
  const { status, stderr } = spawnSync(process.execPath, [program, 'the dashboard'], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the dashboard could not be built:\n${stderr}`)
}

function sandboxSettings({ platforms }: Sandbox) {
  const { github, gitlab } = platforms
  return {
    ALLOWED_HOSTS: SELF_HOSTED.map((name) => new URL(platforms[name].url).origin).join(','),
    GITHUB_URL: github.url,
    GITHUB_CLIENT_ID: github.oauth.id,
    GITHUB_CLIENT_SECRET: github.oauth.secret,
    GITLAB_URL: gitlab.url,
    GITLAB_CLIENT_ID: gitlab.oauth.id,
    GITLAB_CLIENT_SECRET: gitlab.oauth.secret,
  }
}

function platformOrigins(sandbox: Sandbox): string[] {
  return Object.values(sandbox.platforms).map(({ url }) => new URL(url).origin)
}
