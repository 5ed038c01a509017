// SSH keys and API tokens in a real browser.

import { expect, test } from 'vitest'
import { publicKeys } from '../../sandbox/seed-public-keys.ts'
import { runShown } from './support/shell.ts'
import { describeInBrowser } from './support/stage.ts'

describeInBrowser('SSH keys', (stage) => {
  test('a key is added after errors at its fields, shown with its fingerprint, and removed', async () => {
    const { page, problems, account } = await stage.openSignedIn('/keys')
    await page.getByText('No keys yet').waitFor()
    await page.getByRole('button', { name: 'Add key' }).click()
    await page.getByText(/^The name must/).waitFor()
    await page.getByLabel('Name').fill('Laptop')
    await page.getByLabel('Public key').fill('-----BEGIN OPENSSH PRIVATE KEY-----')
    await page.getByRole('button', { name: 'Add key' }).click()
    await page.getByText('The key is a private key: keep it to yourself').waitFor()
    await page.getByLabel('Public key').fill(`${publicKeys.ed25519} me@laptop\n`)
    await page.getByRole('button', { name: 'Add key' }).click()
    const row = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'Laptop' }) })
    await row.getByText('SHA256:').waitFor()
    expect(await page.getByLabel('Name').inputValue()).toBe('')

    await page.getByLabel('Name').fill('Again')
    await page.getByLabel('Public key').fill(publicKeys.ed25519)
    await page.getByRole('button', { name: 'Add key' }).click()
    await page.getByRole('alert').waitFor()

    await page.getByRole('button', { name: 'Remove Laptop' }).click()
    await page.getByRole('dialog').getByText('nothing changes at the platform it came from').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByText('No keys yet').waitFor()
    expect((await account.call('GET', '/v1/keys')).json.keys).toEqual([])
    expect(problems).toEqual([])
  })
})

describeInBrowser('API tokens', (stage) => {
  test('a token is shown once with a line that exchanges it, renewed, and revoked', async () => {
    const { page, problems } = await stage.openSignedIn('/tokens')
    await page.getByLabel('Name').fill('Nightly build')
    await page.getByRole('button', { name: 'Make token' }).click()
    const fresh = page.getByRole('region', { name: 'Copy “Nightly build” now' })
    const token = (await fresh.locator('pre').first().textContent()) ?? ''
    expect(token).toMatch(/^tk-us-/)
    const line = (await fresh.locator('pre').last().textContent()) ?? ''
    const exchanged = await runShown(line)
    expect(Object.keys(JSON.parse(exchanged))).toEqual(['token'])

    await page.reload()
    await page.getByText('Nightly build').waitFor()
    expect(await page.getByText(token).count()).toBe(0)

    await page.getByRole('button', { name: 'Renew Nightly build' }).click()
    await page.getByRole('dialog').getByText('The old one stops working').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Renew' }).click()
    await fresh.waitFor()
    expect(await fresh.locator('pre').first().textContent()).not.toBe(token)
    await fresh.getByRole('button', { name: 'I have copied it' }).click()

    await page.getByRole('button', { name: 'Revoke Nightly build' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.getByRole('status').filter({ hasText: 'Nightly build is revoked.' }).waitFor()
    expect(await page.getByRole('button', { name: 'Renew Nightly build' }).count()).toBe(0)
    expect(problems).toEqual([])
  })

  test('the copy button puts the token on the clipboard', async () => {
    const { page } = await stage.openSignedIn('/tokens', { permissions: ['clipboard-read', 'clipboard-write'] })
    await page.getByLabel('Name').fill('For copying')
    await page.getByRole('button', { name: 'Make token' }).click()
    await page.getByRole('button', { name: 'Copy token' }).click()
    await page.getByRole('status').filter({ hasText: 'Copied.' }).waitFor()
    const copied = await page.evaluate<string>('navigator.clipboard.readText()')
    expect(copied).toBe(await page.locator('pre').first().textContent())
  })
})
