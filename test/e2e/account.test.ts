// Who is signed in, in a real browser: signing in and out, the password, light and dark, the keyboard alone.

import { expect, test } from 'vitest'
import { linkAccount } from '../support/platforms.ts'
import { describeInBrowser, signIn } from './support/stage.ts'

describeInBrowser('The account', (stage) => {
  test('signing in leads to the page that was asked for', async () => {
    const { page, problems } = await stage.openSignedIn('/keys')
    expect(new URL(page.url()).pathname).toBe('/keys')
    await page.getByRole('heading', { name: 'SSH keys' }).waitFor()
    expect(problems).toEqual([])
  })

  test('a wrong password is told, and the right one works then', async () => {
    const account = await stage.service.addAccount('forgetful')
    const { page, problems } = await stage.open()
    await page.goto('/')
    await page.getByLabel(/e-mail|user name/i).fill('forgetful')
    await page.getByLabel('Password').fill('not this one')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('alert').waitFor()
    await signIn(page, account)
    await page.getByRole('heading', { name: 'Profile' }).waitFor()
    expect(problems.filter((problem) => !problem.includes('status of 401'))).toEqual([])
  })

  test('signing out ends the session, and the pages ask to sign in again', async () => {
    const { page, problems } = await stage.openSignedIn()
    await page.getByRole('button', { name: /^Account/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.waitForURL('**/sign-in')
    await page.goto('/tokens')
    expect(new URL(page.url()).pathname).toBe('/sign-in')
    expect(problems).toEqual([])
  })

  test('a session that ends while a page is open leads to signing in and back', async () => {
    const { page, account } = await stage.openSignedIn('/keys')
    await page.getByText('No keys yet').waitFor()
    await page.context().clearCookies()
    await page.getByLabel('Name').fill('Laptop')
    await page.getByRole('button', { name: 'Add key' }).click()
    await page.waitForURL('**/sign-in?return_to=%2Fkeys')
    await signIn(page, account)
    await page.getByRole('heading', { name: 'SSH keys' }).waitFor()
  })

  test('the password is changed after errors at its fields, and the session goes on', async () => {
    const { page, account } = await stage.openSignedIn()
    await page.getByRole('button', { name: /^Account/ }).click()
    await page.getByRole('menuitem', { name: 'Change password' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Current password').fill('wrong horse')
    await dialog.getByLabel('New password').fill('battery staple')
    await dialog.getByRole('button', { name: 'Change password' }).click()
    await dialog.getByText('This password is not your present password').waitFor()
    await dialog.getByLabel('Current password').fill(account.password)
    await dialog.getByLabel('New password').fill('x')
    await dialog.getByRole('button', { name: 'Change password' }).click()
    await dialog.getByText(/^The new password /).waitFor()
    await dialog.getByLabel('New password').fill('battery staple')
    await dialog.getByRole('button', { name: 'Change password' }).click()
    await page.getByRole('status').filter({ hasText: 'Your password is changed.' }).waitFor()
    await page.reload()
    await page.getByRole('heading', { name: 'Profile' }).waitFor()
  })

  test('light and dark follow the system until one is chosen, which is remembered', async () => {
    const { page } = await stage.openSignedIn('/profile', { colorScheme: 'dark' })
    const scheme = () => page.locator('html').getAttribute('data-mantine-color-scheme')
    await page.getByRole('heading', { name: 'Profile' }).waitFor()
    expect(await scheme()).toBe('dark')
    await page.getByText('Light', { exact: true }).click({ force: true })
    await expect.poll(scheme).toBe('light')
    await page.reload()
    expect(await scheme()).toBe('light')
  })

  test('the keyboard alone skips to the content, moves between pages, links and unlinks', async () => {
    const { page, account, problems } = await stage.openSignedIn()
    await linkAccount(account, stage.sandbox.platforms['github-enterprise'])
    await page.reload()
    await page.getByRole('article').waitFor()
    const focused = () => page.evaluate<string>('document.activeElement.textContent.trim()')

    await page.keyboard.press('Tab')
    expect(await focused()).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await focused()).toMatch(/^alice/)

    await page.getByRole('button', { name: 'Unlink' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await expect.poll(focused).toBe('Cancel')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await expect.poll(focused).toBe('Unlink')

    await page.getByRole('link', { name: 'SSH keys', exact: true }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('No keys yet').waitFor()
    expect(await focused()).toBe('SSH keys')
    expect(await page.title()).toBe('SSH keys · Forgelink')
    await page.goBack()
    await page.getByRole('heading', { name: 'Profile' }).waitFor()
    expect(problems).toEqual([])
  })

  test('at 360 pixels the menu opens, leads to a page and closes', async () => {
    const { page, problems } = await stage.openSignedIn('/profile', { viewport: { width: 360, height: 740 } })
    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('dialog').getByRole('link', { name: 'API tokens' }).click()
    await page.getByRole('heading', { name: 'API tokens' }).waitFor()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(problems).toEqual([])
  })

  test('a server that cannot be reached is told, with a way to try again', async () => {
    const { page } = await stage.openSignedIn()
    await page.route('**/v1/keys', (route) => route.abort())
    await page.getByRole('link', { name: 'SSH keys', exact: true }).click()
    await page.getByText('The server does not answer.').waitFor()
    await page.unroute('**/v1/keys')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('No keys yet').waitFor()
  })
})
