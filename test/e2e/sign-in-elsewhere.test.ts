// Linking where the platform sends browsers on to a sign-in page of another origin first: SAML, a sign-in proxy.
// Chromium asks `form-action` of the redirects after a form too: https://github.com/w3c/webappsec-csp/issues/8

import type { IncomingMessage } from 'node:http'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser, ownAddress } from '../support/browser.ts'
import { serve, type TestServer } from '../support/fault-server.ts'
import { type Service, startService } from '../support/service.ts'
import { accessibilityProblems } from './support/axe.ts'
import { describeInBrowser } from './support/stage.ts'

describeInBrowser('A platform that signs people in elsewhere', (stage) => {
  let company: TestServer
  let platform: TestServer
  let service: Service
  /** What the two of them were told, in order. */
  const asked: Pick<IncomingMessage, 'url' | 'headers'>[] = []

  beforeAll(async () => {
    company = await serve((request, response) => {
      if (request.url !== '/favicon.ico') asked.push({ url: request.url, headers: request.headers })
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Sign in at the company</h1>')
    })
    platform = await serve((request, response) => {
      asked.push({ url: request.url, headers: request.headers })
      response.writeHead(302, { location: `${company.origin}/saml` }).end()
    })
    service = await startService('SQLite', {
      ...(await ownAddress()),
      GITHUB_URL: platform.origin,
      GITHUB_CLIENT_ID: 'id',
      GITHUB_CLIENT_SECRET: 'secret',
    })
  })
  afterAll(async () => {
    await service?.close()
    await platform?.close()
    await company?.close()
  })

  /** Our own question whether to link GitHub, reached from the profile. */
  async function openQuestion(username: string, options: Parameters<typeof stage.open>[0] = {}): Promise<Page> {
    const { page } = await stage.open({ baseURL: service.url, ...options })
    const browser = openBrowser(service)
    await browser.signIn(await service.addAccount(username))
    const { url } = service
    await page.context().addCookies([...browser.cookies].map(([name, value]) => ({ name, value, url })))
    await page.goto('/docs')
    await page.goto('/users/github/link')
    asked.length = 0
    return page
  }

  test('the button leads there, by mouse and by keyboard, and no address of ours is told', async () => {
    for (const [username, press] of [
      ['mouse', (page: Page) => page.getByRole('button', { name: 'Continue to GitHub' }).click()],
      ['keyboard', (page: Page) => page.getByRole('button', { name: 'Continue to GitHub' }).press('Enter')],
    ] as const) {
      const page = await openQuestion(username)
      await press(page)
      await page.getByRole('heading', { name: 'Sign in at the company' }).waitFor()
      expect(asked.map(({ url }) => url?.split('?')[0])).toEqual(['/login/oauth/authorize', '/saml'])
      expect(asked.map(({ headers }) => headers.referer)).toEqual([undefined, undefined])
    }
  })

  test('the way back leads to a page to read, not to the one that leads on by itself', async () => {
    const page = await openQuestion('back')
    await page.getByRole('button', { name: 'Continue to GitHub' }).click()
    await page.getByRole('heading', { name: 'Sign in at the company' }).waitFor()
    await page.goBack()
    await page.getByRole('heading', { name: 'Link GitHub' }).waitFor()
    await page.getByRole('button', { name: 'Continue to GitHub' }).click()
    await page.getByRole('heading', { name: 'Sign in at the company' }).waitFor()
  })

  test('it needs no script', async () => {
    const page = await openQuestion('no-script', { javaScriptEnabled: false })
    await page.getByRole('button', { name: 'Continue to GitHub' }).click()
    await page.getByRole('heading', { name: 'Sign in at the company' }).waitFor()
  })

  test('who stops it finds a link to press', async () => {
    const page = await openQuestion('stopped')
    // A browser that does not go on by itself, as some are set up.
    await page.route('**/users/github/link', async (route) => {
      if (route.request().method() !== 'POST') return route.continue()
      const response = await route.fetch()
      const body = (await response.text()).replace(/<meta http-equiv="refresh"[^>]*>/, '')
      await route.fulfill({ response, body })
    })
    await page.getByRole('button', { name: 'Continue to GitHub' }).click()
    await page.getByRole('heading', { name: 'On to GitHub' }).waitFor()
    expect(asked).toEqual([])
    expect(await accessibilityProblems(page)).toEqual([])
    await page.getByRole('link', { name: 'Continue to GitHub' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Sign in at the company' }).waitFor()
    expect(asked.map(({ headers }) => headers.referer)).toEqual([undefined, undefined])
  })
})
