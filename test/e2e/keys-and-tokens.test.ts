// SSH keys and API tokens in a real browser.

import { expect, test } from 'vitest'
import { publicKeys } from '../../sandbox/seed/public-keys.ts'
import { focused } from './support/focus.ts'
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
    await expect.poll(() => focused(page)).toBe('Your keys')

    await page.getByLabel('Name').fill('Again')
    await page.getByLabel('Public key').fill(publicKeys.ed25519)
    await page.getByRole('button', { name: 'Add key' }).click()
    await page.getByRole('alert').waitFor()

    await page.getByRole('button', { name: 'Remove Laptop' }).click()
    await page.getByRole('dialog').getByText('SHA256:').waitFor()
    await page.getByRole('dialog').getByText('nothing changes at the platform it came from').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
    await page.getByText('No keys yet').waitFor()
    await expect.poll(() => focused(page)).toBe('Your keys')
    expect((await account.call('GET', '/v1/keys')).json.keys).toEqual([])
    expect(problems).toEqual([])
  })
})

describeInBrowser('A form', (stage) => {
  test('that is sent twice at once is sent once', async () => {
    const { page, account } = await stage.openSignedIn('/tokens')
    await page.getByLabel('Name').fill('Only one')
    await page.evaluate("const form = document.querySelector('form'); form.requestSubmit(); form.requestSubmit()")
    await page.getByText('Copy “Only one” now').waitFor()
    const { tokens } = (await account.call('GET', '/v1/tokens')).json
    expect(tokens.filter(({ name }: { name: string }) => name === 'Only one')).toHaveLength(1)
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
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await expect.poll(() => focused(page)).toBe('Copy “Nightly build” now')
    expect(await fresh.locator('pre').first().textContent()).not.toBe(token)
    await fresh.getByRole('button', { name: 'I have copied it' }).click()
    await expect.poll(() => focused(page)).toBe('Your tokens')

    await page.getByRole('button', { name: 'Renew Nightly build' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
    await expect.poll(() => focused(page)).toBe('Renew')
    await page.getByRole('button', { name: 'Renew Nightly build' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Renew' }).click()
    await fresh.waitFor()

    await page.getByRole('button', { name: 'Revoke Nightly build' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.getByRole('status').filter({ hasText: 'Nightly build is revoked.' }).waitFor()
    expect(await page.getByRole('button', { name: 'Renew Nightly build' }).count()).toBe(0)
    expect(await fresh.count()).toBe(0)
    await expect.poll(() => focused(page)).toBe('Your tokens')
    expect(problems).toEqual([])
  })

  test('a token is made for less and for a while, and the password is asked for again first', async () => {
    const { page, problems, account } = await stage.openSignedIn('/tokens')
    const createdAt = new Date(Date.now() - 6 * 60_000).toISOString()
    const { database } = stage.service.services
    await database.updateTable('sessions').set({ createdAt }).where('userId', '=', account.id).execute()
    await page.getByLabel('Name').fill('Reader')
    for (const scope of ['change: link', 'list, make, renew', 'change your e-mail', 'own tokens']) {
      await page.getByLabel(scope).uncheck()
    }
    await page.getByRole('button', { name: 'Make token' }).click()
    const dialog = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await dialog.getByLabel('Password').fill('wrong horse')
    await dialog.getByRole('button', { name: 'Confirm' }).click()
    await dialog.getByText('This password is not your present password').waitFor()
    await dialog.getByLabel('Password').fill(account.password)
    await dialog.getByRole('button', { name: 'Confirm' }).click()
    await page.getByText('Copy “Reader” now').waitFor()
    await page.getByRole('listitem').filter({ hasText: 'Reader' }).getByText('May read').waitFor()
    const { tokens } = (await account.call('GET', '/v1/tokens')).json
    expect(tokens.at(-1)).toMatchObject({ name: 'Reader', scopes: ['read'], expires_at: null })
    expect(problems.filter((problem) => !/40[0-9]|422/.test(problem))).toEqual([])
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
