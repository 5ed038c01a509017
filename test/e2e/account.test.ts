// Who is signed in, in a real browser: signing in and out, the password, light and dark, the keyboard alone.

import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { linkAccount } from '../support/platforms.ts'
import { focused } from './support/focus.ts'
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
    await page.waitForURL('**/sign-in?notice=signed_out')
    await page.getByText('You were signed out.').waitFor()
    expect(await page.evaluate('document.activeElement.name')).toBe('login')
    await page.goto('/tokens')
    expect(await page.getByText('You were signed out.').count()).toBe(0)
    expect(new URL(page.url()).pathname).toBe('/sign-in')
    expect(problems).toEqual([])
  })

  test('a session that ends while a page is open leads to signing in and back', async () => {
    const { page, account } = await stage.openSignedIn('/keys')
    await page.getByText('No keys yet').waitFor()
    await page.context().clearCookies()
    await page.getByLabel('Name').fill('Laptop')
    await page.getByRole('button', { name: 'Add key' }).click()
    await page.waitForURL('**/sign-in?notice=session_ended&return_to=%2Fkeys')
    await page.getByText('Your session has ended.').waitFor()
    await signIn(page, account)
    await page.getByRole('heading', { name: 'SSH keys' }).waitFor()
  })

  /** A second tab of the same browser, in which the first one's user signs out. */
  async function signOutElsewhere(page: Page): Promise<Page> {
    const other = await page.context().newPage()
    await other.goto('/profile')
    await other.getByRole('button', { name: /^Account/ }).click()
    await other.getByRole('menuitem', { name: 'Sign out' }).click()
    await other.waitForURL('**/sign-in?notice=signed_out')
    return other
  }

  /** What the browser tells a page whose tab is looked at again. */
  async function comeBack(page: Page): Promise<void> {
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
  }

  function accountShown(page: Page, username: string) {
    return page.getByRole('button', { name: `Account: ${username}` }).waitFor()
  }

  test('a tab that somebody else has signed in behind becomes theirs when one comes back to it', async () => {
    const { page } = await stage.openSignedIn('/keys')
    await page.getByText('No keys yet').waitFor()
    const second = await stage.service.addAccount('second-person')
    await signIn(await signOutElsewhere(page), second)
    await comeBack(page)
    await accountShown(page, 'second-person')
  })

  test('a server that does not answer on coming back takes no page away', async () => {
    const { page } = await stage.openSignedIn('/keys')
    await page.getByLabel('Name').fill('Half typed')
    await page.route('**/session', (route) => route.abort())
    const asked = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/session'))
    await comeBack(page)
    await asked
    await page.getByRole('button', { name: 'Add key' }).click()
    await page.getByText(/^The key /).waitFor()
    expect(await page.getByLabel('Name').inputValue()).toBe('Half typed')
  })

  test('what such a tab writes is done for nobody: the page is loaded anew, once', async () => {
    const { page } = await stage.openSignedIn('/keys')
    await page.getByText('No keys yet').waitFor()
    const third = await stage.service.addAccount('third-person')
    await signIn(await signOutElsewhere(page), third)
    let loads = 0
    page.on('load', () => {
      loads += 1
    })
    await page.getByLabel('Name').fill('Laptop')
    await page.getByRole('button', { name: 'Add key' }).click()
    await accountShown(page, 'third-person')
    expect(loads).toBe(1)
    expect(await page.getByLabel('Name').inputValue()).toBe('')
  })

  test('a refusal that no new page mends is told, not loaded again and again', async () => {
    const { page } = await stage.openSignedIn('/keys')
    await page.getByText('No keys yet').waitFor()
    const failure = { status: 403, json: { error: 'This was not sent from a page of ours.', code: 'csrf' } }
    await page.route('**/v1/keys', (route) =>
      route.request().method() === 'POST' ? route.fulfill(failure) : route.continue(),
    )
    await page.getByRole('button', { name: 'Add key' }).click()
    await page.getByRole('alert').filter({ hasText: 'This was not sent from a page of ours.' }).waitFor()
  })

  test('signing out in a tab that is signed out already leads to signing in, without a complaint', async () => {
    const { page } = await stage.openSignedIn()
    await page.getByRole('heading', { name: 'Profile' }).waitFor()
    await signOutElsewhere(page)
    await page.evaluate("addEventListener('forgelink:said', (event) => sessionStorage.setItem('said', event.detail))")
    await page.getByRole('button', { name: /^Account/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.waitForURL('**/sign-in**')
    expect(await page.evaluate("sessionStorage.getItem('said')")).toBeNull()
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

  test('pages that need no script follow the colours that were chosen', async () => {
    const { page } = await stage.openSignedIn('/profile', { colorScheme: 'light' })
    await page.getByText('Dark', { exact: true }).click({ force: true })
    await page.goto('/docs')
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(17, 20, 22)')
    await page.getByRole('link', { name: 'Back to Forgelink' }).click()
    await page.getByRole('heading', { name: 'Profile' }).waitFor()
  })

  test('an address that names nothing is a page that leads back', async () => {
    const { page } = await stage.openSignedIn()
    await page.goto('/users/bitbucket/link')
    await page.getByRole('heading', { name: 'No such page' }).waitFor()
    await page.getByRole('link', { name: 'Go to your profile' }).click()
    await page.getByRole('heading', { name: 'Profile' }).waitFor()
  })

  test('the keyboard alone skips to the content, moves between pages, links and unlinks', async () => {
    const { page, account, problems } = await stage.openSignedIn()
    await linkAccount(account, stage.sandbox.platforms['github-enterprise'])
    await page.reload()
    await page.getByRole('article').waitFor()

    await page.keyboard.press('Tab')
    expect(await focused(page)).toBe('Skip to the content')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    expect(await focused(page)).toMatch(/^alice/)

    await page.getByRole('button', { name: 'Unlink' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await expect.poll(() => focused(page)).toBe('Cancel')
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await expect.poll(() => focused(page)).toBe('Unlink')

    await page.getByRole('link', { name: 'SSH keys', exact: true }).focus()
    await page.keyboard.press('Enter')
    await page.getByText('No keys yet').waitFor()
    expect(await focused(page)).toBe('SSH keys')
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

  test('the focus is back at the account when the password dialog closes', async () => {
    const { page } = await stage.openSignedIn()
    await page.getByRole('button', { name: /^Account/ }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('menuitem', { name: 'Change password' }).focus()
    await page.keyboard.press('Enter')
    await page.getByLabel('Current password').waitFor()
    await page.keyboard.press('Escape')
    await page.getByLabel('Current password').waitFor({ state: 'detached' })
    await expect.poll(() => focused(page)).toMatch(/^.?Account: /)
  })

  test('at 360 pixels Escape closes the dialog above the menu, and the menu after it', async () => {
    const { page } = await stage.openSignedIn('/profile', { viewport: { width: 360, height: 740 } })
    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('button', { name: /^Account/ }).click()
    await page.getByRole('menuitem', { name: 'Change password' }).click()
    await page.getByLabel('Current password').waitFor()
    await page.keyboard.press('Escape')
    await page.getByLabel('Current password').waitFor({ state: 'detached' })
    await page.getByRole('dialog', { name: 'Menu' }).waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
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
