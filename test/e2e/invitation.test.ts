// The page of a link to set a password, in a real browser: its address stays with it, and it needs no script.

import type { Request } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { userLink } from '../../src/commands/invitations.ts'
import { ownAddress } from '../support/browser.ts'
import { type Service, startService } from '../support/service.ts'
import { accessibilityProblems } from './support/axe.ts'
import { findChromium, launchChromium } from './support/chromium.ts'

const chromium = findChromium()

async function headersOf(request: Request) {
  const { referer, origin } = await request.allHeaders()
  return { path: new URL(request.url()).pathname, referer, origin }
}

describe.skipIf(chromium === undefined)('the page of a link to set a password', () => {
  let service: Service
  let browser: Awaited<ReturnType<typeof launchChromium>>

  beforeAll(async () => {
    service = await startService('SQLite', await ownAddress())
    await service.addAccount('ada')
    browser = await launchChromium(chromium ?? '')
  })
  afterAll(async () => {
    await browser?.close()
    await service?.close()
  })

  it('takes a password by keyboard without a script, and tells nobody its address', async () => {
    const link = JSON.parse(await userLink(service.services, 'ada', { json: true })).invitation.url
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    const asked: Promise<{ path: string; referer: string | undefined; origin: string | undefined }>[] = []
    page.on('request', (request) => asked.push(headersOf(request)))
    await page.goto(link)
    await page.keyboard.type('battery staple')
    await page.keyboard.press('Tab')
    await page.keyboard.type('battery stable')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('The two passwords differ.').waitFor()
    await page.getByLabel('New password').fill('battery staple')
    await page.getByLabel('The same once more').fill('battery staple')
    await page.getByRole('button', { name: 'Set password' }).click()
    await page.waitForURL(/\/profile$/)
    page.removeAllListeners('request')
    const sent = await Promise.all(asked)

    const { pathname } = new URL(link)
    expect(sent.filter(({ path }) => path === pathname).map(({ origin }) => origin)).toEqual([
      undefined,
      service.url,
      service.url,
    ])
    expect(sent.map(({ path }) => path)).toContain('/pages.css')
    for (const { referer } of sent) expect(referer ?? '').not.toContain(pathname)
    await context.close()
  })

  it('is for everybody, in both colours and on a narrow screen', async () => {
    const link = JSON.parse(await userLink(service.services, 'ada', { json: true })).invitation.url
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ colorScheme, viewport: { width: 360, height: 700 } })
      for (const address of [link, `${link}x`]) {
        await page.goto(address)
        expect([colorScheme, await accessibilityProblems(page)]).toEqual([colorScheme, []])
        const width = await page.evaluate<number>('document.documentElement.scrollWidth')
        expect(width).toBeLessThanOrEqual(360)
      }
      await page.close()
    }
  })
})
