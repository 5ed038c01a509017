// The example platform in a real browser: its user links by OAuth and by token, and searches; whoever sends their own link
// session's address to somebody else gets nothing.

import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterEach, expect, test } from 'vitest'
import { addService, type ServiceAccount } from '../support/service-tokens.ts'
import { accessibilityProblems } from './support/axe.ts'
import { describeInBrowser, type Stage, screenshot } from './support/stage.ts'

type CreatePaas = (settings: { forgelink: string; serviceToken: string; own: string }) => Server

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** The platform on a free port, and the Forgelink of the stage with settings that let browsers go back there. */
async function startPaas(stage: Stage): Promise<{ own: string; paas: ServiceAccount }> {
  const { createPaas } = (await import(`${'../../examples/paas/paas.mjs'}`)) as { createPaas: CreatePaas }
  const settings = { forgelink: '', serviceToken: '', own: '' }
  const server = createPaas(settings)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const own = `http://127.0.0.1:${port}`
  stage.service.config.returnUrls.splice(0, 1, `${own}/linked`)
  const paas = await addService(stage.service, { name: 'Example PaaS' })
  const running = createPaas({ forgelink: stage.service.url, serviceToken: paas.token, own })
  await new Promise<void>((resolve) => running.listen(port, '127.0.0.1', resolve))
  closers.push(
    () =>
      new Promise((resolve) => {
        running.close(resolve)
        running.closeAllConnections()
      }),
  )
  return { own, paas }
}

async function signIn(page: Page, own: string, name: string): Promise<void> {
  await page.goto(own)
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Password').fill(`${name}-password`)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { name: `Hello ${name}` }).waitFor()
}

async function allow(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Continue to GitHub' }).click()
  await page.getByLabel(/\(alice\)/).check()
  await page.getByRole('button', { name: 'Allow' }).click()
}

async function toChoice(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Link an account' }).click()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('button', { name: /^Refuse/ }).waitFor()
}

describeInBrowser('A platform in front', (stage) => {
  test('its users link by OAuth and by token, and see their own alone', async () => {
    const { own } = await startPaas(stage)
    const { page } = await stage.open()
    await signIn(page, own, 'ada')
    await toChoice(page)
    await allow(page)
    await page.getByText('github: alice').waitFor()
    expect(new URL(page.url()).origin).toBe(own)

    await toChoice(page)
    const ghes = stage.sandbox.platforms['github-enterprise']
    await page.getByLabel('Address').fill(ghes.url)
    await page.getByLabel('Access token').fill('ghp_wrong')
    await page.getByRole('button', { name: 'Link', exact: true }).click()
    await page.getByRole('alert').waitFor()
    await page.getByLabel('Access token').fill(ghes.token('alice', 'full'))
    await page.getByRole('button', { name: 'Link', exact: true }).click()
    await page.getByText('github-enterprise: alice').waitFor()

    await page.getByLabel('Search').fill('example')
    await page.getByRole('button', { name: 'Search' }).click()
    await page.getByRole('heading', { name: 'Repositories' }).waitFor()
    expect(await page.getByRole('listitem').count()).toBeGreaterThan(0)

    const other = (await stage.open()).page
    await signIn(other, own, 'grace')
    await other.getByText('Nothing is linked.').waitFor()
  })

  test('whoever sends their own link session to somebody else has linked nothing', async () => {
    const { own } = await startPaas(stage)
    const attacker = (await stage.open()).page
    await signIn(attacker, own, 'grace')
    const before = await attacker.getByRole('listitem').count()
    await attacker.getByRole('button', { name: 'Link an account' }).click()
    await attacker.getByRole('button', { name: 'Continue' }).waitFor()
    const address = attacker.url()

    const victim = (await stage.open()).page
    await signIn(victim, own, 'ada')
    await victim.goto(address)
    await victim.getByRole('button', { name: 'Continue' }).click()
    await allow(victim)
    await victim.getByRole('heading', { name: 'Not yours' }).waitFor()

    await attacker.reload()
    await attacker.getByText('This is done').waitFor()
    await attacker.goto(own)
    await attacker.getByRole('heading', { name: 'Hello grace' }).waitFor()
    expect(await attacker.getByRole('listitem').count()).toBe(before)
    await attacker.getByText('Nothing is linked.').waitFor()
  })

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
    ['dark', 360],
  ] as const)('the pages of a link session can be used by everybody: %s, %i wide', async (colorScheme, width) => {
    const { own } = await startPaas(stage)
    const { page, problems } = await stage.open({ colorScheme, viewport: { width, height: 800 } })
    await signIn(page, own, 'grace')
    problems.length = 0
    async function look(name: string): Promise<void> {
      expect(await accessibilityProblems(page)).toEqual([])
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
      await screenshot(page, `link-session-${name}-${colorScheme}-${width}`)
    }
    await page.getByRole('button', { name: 'Link an account' }).click()
    await page.getByRole('button', { name: 'Continue' }).waitFor()
    await look('begin')
    const address = page.url()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('button', { name: /^Refuse/ }).waitFor()
    await look('choose')
    const second = (await stage.open({ colorScheme, viewport: { width, height: 800 } })).page
    await second.goto(address)
    await second.getByRole('heading', { name: 'Begun in another browser' }).waitFor()
    await page.getByLabel('Address').fill(stage.sandbox.platforms['github-enterprise'].url)
    await page.getByLabel('Access token').fill('ghp_wrong')
    await page.getByRole('button', { name: 'Link', exact: true }).click()
    await page.getByRole('alert').waitFor()
    await look('rejected')
    await page.getByRole('button', { name: /^Refuse/ }).click()
    await page.getByRole('heading', { name: 'Not linked' }).waitFor()
    await page.goto(address)
    await page.getByRole('heading', { name: 'This is over' }).waitFor()
    await look('over')
    // From the platform to us and back is another origin; what the pages themselves ask for is none.
    const isExpected = /another origin: GET \S+\/(link-sessions\/|linked\?)|40[34]|410|422/
    expect(problems.filter((problem) => !isExpected.test(problem))).toEqual([])
  })
})
