// Signing in at a real OpenID provider in a browser, and the page of one's browsers and identities.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser, ownAddress } from '../support/browser.ts'
import { addPerson } from '../support/oidc-visit.ts'
import { type OpenIdProvider, oidcSettings, startOpenIdProvider } from '../support/openid-provider.ts'
import { type Service, startService } from '../support/service.ts'
import { accessibilityProblems } from './support/axe.ts'
import { describeInBrowser, screenshot } from './support/stage.ts'

const PHONE = { viewport: { width: 375, height: 740 } }

describeInBrowser('Single sign-on', (stage) => {
  let provider: OpenIdProvider
  let service: Service

  beforeAll(async () => {
    const address = await ownAddress()
    provider = await startOpenIdProvider(address.PUBLIC_URL ?? '')
    service = await startService('SQLite', { ...address, ...oidcSettings(provider) })
  })
  afterAll(async () => {
    await service?.close()
    await provider?.stop()
  })

  test('signs in there, shows the browser and the identity, proves who it is, and signs out both ways', async () => {
    const sub = addPerson(provider, 'ada')
    const { page } = await stage.open({ baseURL: service.url })
    await page.goto('/account')
    await page.getByRole('button', { name: 'Sign in with Corp ID' }).click()
    await page.waitForURL('**/account')
    await page.getByRole('heading', { name: 'Your account' }).waitFor()
    await page.getByText('This browser').waitFor()
    await page.getByText(sub, { exact: true }).first().waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    await screenshot(page, 'account-light')

    await page.getByRole('button', { name: 'Edit name and picture' }).focus()
    await page.keyboard.press('Enter')
    await page.getByLabel('Name', { exact: true }).fill('Ada Lovelace')
    await page.getByLabel('Address of your picture').fill('http://pictures.example/ada.png')
    await page.keyboard.press('Enter')
    await page.getByText('The address is not an https address').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    await screenshot(page, 'profile-dialog-light')
    await page.getByLabel('Address of your picture').fill('https://pictures.example/ada.png')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Ada Lovelace' }).waitFor()
    await page.getByRole('button', { name: 'Account: Ada Lovelace' }).waitFor()
    expect(await page.evaluate("document.querySelector('main img').getAttribute('src')")).toMatch(/^\/avatars\/us-/)
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Edit name and picture')

    // The last way to sign in stays.
    await page.getByRole('button', { name: `Remove ${sub}` }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByText('You could not sign in any more').waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()

    await page.goto('/tokens')
    await page.getByLabel(/name/i).first().fill('ci')
    await page.getByRole('button', { name: /^Make/ }).click()
    const again = page.getByRole('button', { name: 'Sign in again with Corp ID' })
    await again.waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    await screenshot(page, 'confirm-at-the-provider')
    await again.click()
    await page.waitForURL('**/tokens')
    await page.getByLabel(/name/i).first().fill('ci')
    await page.getByRole('button', { name: /^Make/ }).click()
    await page.getByText('tk-us-').first().waitFor()

    await page.getByRole('button', { name: /Account/ }).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await page.waitForURL(`${provider.issuer}/**`)
  })

  test('connects an identity from the account page, and ends another browser', async () => {
    const account = await service.addAccount('grace')
    const other = openBrowser(service)
    await other.signIn(account)
    const { page } = await stage.open({ baseURL: service.url, colorScheme: 'dark', ...PHONE })
    await page.goto('/sign-in?return_to=/account')
    expect(await accessibilityProblems(page)).toEqual([])
    await screenshot(page, 'sign-in-dark-phone')
    await page.getByLabel(/e-mail|user name/i).fill(account.username)
    await page.getByLabel('Password').fill(account.password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByText('No identities yet').waitFor()
    await screenshot(page, 'account-empty-dark-phone')
    const sub = addPerson(provider, 'grace')
    await page.getByRole('button', { name: 'Connect Corp ID' }).click()
    await page.getByText(sub, { exact: true }).waitFor()
    await page.getByRole('button', { name: /^End / }).click()
    await page.getByText('is signed out.').waitFor()
    expect((await other.get('/session')).status).toBe(401)
    expect(await accessibilityProblems(page)).toEqual([])
    await screenshot(page, 'account-dark-phone')
    await page.getByRole('button', { name: 'Edit name and picture' }).click()
    await page.getByLabel('Name', { exact: true }).fill('Grace Hopper')
    await screenshot(page, 'profile-dialog-dark-phone')
  })

  test('says on the sign-in page that the provider is away', async () => {
    await provider.stop()
    try {
      const away = await startService('SQLite', {
        ...(await ownAddress()),
        ...oidcSettings(provider),
        PASSWORD_SIGN_IN: 'false',
      })
      try {
        const { page } = await stage.open({ baseURL: away.url })
        await page.goto('/sign-in')
        expect(await page.getByLabel('Password').count()).toBe(0)
        await page.getByRole('button', { name: 'Sign in with Corp ID' }).click()
        await page.getByRole('alert').getByText('Corp ID cannot be asked at the moment').waitFor()
        expect(await accessibilityProblems(page)).toEqual([])
        await screenshot(page, 'sign-in-provider-away')
      } finally {
        await away.close()
      }
    } finally {
      await provider.start()
    }
  })
})
