// The profile in a real browser: linking by token, what is wrong and how to mend it, importing keys, unlinking.

import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { linkAccount } from '../support/platforms.ts'
import { focused } from './support/focus.ts'
import { describeInBrowser } from './support/stage.ts'

function cardOf(page: Page, name: string) {
  return page.getByRole('article', { name })
}

async function addByToken(page: Page, label: string, address: string, token: string): Promise<void> {
  await page.getByRole('button', { name: `Add ${label}` }).click()
  await fillLinkForm(page, address, token)
}

async function fillLinkForm(page: Page, address: string, token: string): Promise<void> {
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Address').fill(address)
  await dialog.getByLabel('Personal access token').fill(token)
  await dialog.getByRole('button', { name: 'Link account' }).click()
}

describeInBrowser('The profile', (stage) => {
  test('a new user sees that nothing is linked, and the four ways to link', async () => {
    const { page, problems } = await stage.openSignedIn()
    await page.getByText('No account is linked yet').waitFor()
    expect(await page.getByRole('link', { name: 'Link GitHub' }).getAttribute('href')).toBe('/users/github/link')
    expect(await page.getByRole('link', { name: 'Link GitLab' }).getAttribute('href')).toBe('/users/gitlab/link')
    expect(await page.getByRole('button', { name: /^Add / }).allTextContents()).toEqual([
      'Add GitHub Enterprise Server',
      'Add GitLab self-hosted',
    ])
    expect(problems).toEqual([])
  })

  test('GitHub Enterprise Server is linked by address and token, after errors at both fields', async () => {
    const { page, problems } = await stage.openSignedIn()
    const platform = stage.sandbox.platforms['github-enterprise']
    const dialog = page.getByRole('dialog')

    await addByToken(page, 'GitHub Enterprise Server', `${platform.url}/api/v3`, platform.token('alice'))
    await dialog.getByText(`The address is the address of the API; use ${platform.url}`).waitFor()
    expect(await dialog.getByLabel('Address').getAttribute('aria-invalid')).toBe('true')

    await fillLinkForm(page, platform.url, 'ghp_nobody')
    const tokenField = dialog.getByLabel('Personal access token')
    await expect.poll(() => tokenField.getAttribute('aria-invalid')).toBe('true')
    expect(await dialog.getByLabel('Address').getAttribute('aria-invalid')).toBeNull()

    await fillLinkForm(page, platform.url, platform.token('alice'))
    await page.getByText(`alice on ${new URL(platform.url).host} is linked. You can`).waitFor()
    const card = cardOf(page, 'GitHub Enterprise Server: alice')
    await card.getByText('Working').waitFor()
    expect(await card.getByRole('link', { name: 'alice' }).getAttribute('href')).toBe(`${platform.url}/alice`)
    expect(problems).toEqual([])
  })

  test('GitLab self-hosted under a path is linked by address and token', async () => {
    const { page, problems } = await stage.openSignedIn()
    const platform = stage.sandbox.platforms['gitlab-subpath']
    await addByToken(page, 'GitLab self-hosted', platform.url, platform.token('alice', 'read-api'))
    await cardOf(page, 'GitLab self-hosted: alice').getByText('Working').waitFor()
    expect(problems).toEqual([])
  })

  test('the forms name the scopes and lead to the token page of the typed address', async () => {
    const { page } = await stage.openSignedIn()
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: 'Add GitHub Enterprise Server' }).click()
    expect(await dialog.getByRole('link').count()).toBe(0)
    await dialog.getByLabel('Address').fill('https://ghes.example.com/')
    const github = dialog.getByRole('link', { name: /Make such a token/ })
    expect(await github.getAttribute('href')).toBe(
      'https://ghes.example.com/settings/tokens/new?scopes=user%3Aemail%2Cread%3Aorg%2Cread%3Apublic_key%2Crepo&description=Forgelink',
    )
    expect(await github.getAttribute('rel')).toBe('noopener noreferrer')
    await dialog.getByLabel('Address').fill('javascript:alert(1)')
    expect(await dialog.getByRole('link').count()).toBe(0)
    await page.keyboard.press('Escape')

    await page.getByRole('button', { name: 'Add GitLab self-hosted' }).click()
    await dialog.getByLabel('Address').fill('https://gitlab.example.com/code')
    expect(await dialog.getByRole('link', { name: /Make such a token/ }).getAttribute('href')).toBe(
      'https://gitlab.example.com/code/-/user_settings/personal_access_tokens?name=Forgelink&scopes=read_api',
    )
  })

  test('an empty form says what to enter, at the first field that lacks it', async () => {
    const { page } = await stage.openSignedIn()
    const dialog = page.getByRole('dialog')
    await page.getByRole('button', { name: 'Add GitHub Enterprise Server' }).click()
    await dialog.getByRole('button', { name: 'Link account' }).click()
    await dialog.getByText('Enter the address').waitFor()
    await expect.poll(() => page.evaluate('document.activeElement.inputMode')).toBe('url')
    await dialog.getByLabel('Address').fill('https://ghe.example.com')
    await dialog.getByRole('button', { name: 'Link account' }).click()
    await dialog.getByText('Enter the token').waitFor()
    expect(await dialog.getByText('Enter the address').count()).toBe(0)
  })

  test('a host name becomes an address before it is sent', async () => {
    const { page } = await stage.openSignedIn()
    const address = page.getByRole('dialog').getByLabel('Address')
    await page.getByRole('button', { name: 'Add GitLab self-hosted' }).click()
    await address.fill(' ghe.corp.lan:8443/code ')
    await address.press('Tab')
    expect(await address.inputValue()).toBe('https://ghe.corp.lan:8443/code')
    await address.fill('javascript:alert(1)')
    await address.press('Tab')
    expect(await address.inputValue()).toBe('javascript:alert(1)')
  })

  test('the address that the server suggests, and the platform that is there, are one click away', async () => {
    const { page } = await stage.openSignedIn()
    const dialog = page.getByRole('dialog')
    const { 'gitlab-self-hosted': gitlab } = stage.sandbox.platforms
    await addByToken(page, 'GitHub Enterprise Server', `${gitlab.url}/api/v3`, gitlab.token('alice', 'read-api'))
    await dialog.getByRole('button', { name: `Use ${gitlab.url}` }).click()
    await dialog.getByRole('button', { name: 'Add it as GitLab self-hosted' }).click()
    await cardOf(page, 'GitLab self-hosted: alice').getByText('Working').waitFor()
  })

  test('the news of a link whose token lacks a scope promises no import', async () => {
    const { page } = await stage.openSignedIn()
    const platform = stage.sandbox.platforms['github-enterprise']
    await addByToken(page, 'GitHub Enterprise Server', platform.url, platform.token('alice', 'no-keys'))
    await page.getByText('is linked, but not everything works with this token').waitFor()
    await page.getByText('The token lacks read:public_key').waitFor()
    expect(await page.getByText('You can import').count()).toBe(0)
  })

  test('a check says when it was, and another one asks the platform again', async () => {
    const { page, account, problems } = await stage.openSignedIn()
    const platform = stage.sandbox.platforms['github-enterprise']
    await linkAccount(account, platform, 'carol')
    await page.clock.install()
    await page.reload()
    const card = cardOf(page, 'GitHub Enterprise Server: carol')
    await card.getByText('Checked just now').waitFor()
    await page.clock.fastForward(125_000)
    await card.getByText('Checked 2 minutes ago').waitFor()
    const asked = page.waitForRequest((request) => request.url().endsWith('/health'))
    await card.getByRole('button', { name: 'Check again' }).click()
    expect((await asked).headers()['cache-control']).toBe('no-cache')
    await card.getByText('Working').waitFor()
    expect(problems).toEqual([])
  })

  test('an account that is linked already is told, with what to do instead', async () => {
    const { page, account } = await stage.openSignedIn()
    const platform = stage.sandbox.platforms['github-enterprise']
    await linkAccount(account, platform)
    await addByToken(page, 'GitHub Enterprise Server', platform.url, platform.token('alice'))
    await page.getByText('You have linked this account already.').waitFor()
  })

  test('an account that the platform refuses is told with the reason, and leads there instead of to tokens', async () => {
    const { page, account, problems } = await stage.openSignedIn()
    const platform = stage.sandbox.platforms['gitlab-self-hosted']
    const id = await linkAccount(account, platform)
    platform.faults.set({ fault: 'account-blocked' })
    const { json } = await account.call('GET', `/v1/scm_integrations/${id}/orgs`)
    await page.reload()
    const card = cardOf(page, 'GitLab self-hosted: alice')
    await card.getByText('Refused by the platform').waitFor()
    await card.getByText(json.error).waitFor()
    const { host } = new URL(platform.url)
    expect(await card.getByRole('link', { name: `Open ${host}` }).getAttribute('href')).toBe(`${platform.url}/`)
    expect(await card.getByRole('link', { name: /token page/ }).count()).toBe(0)
    platform.faults.clear()
    expect(problems).toEqual([])
  })

  test('a token without a scope is linked, the lack is named, and another token mends it', async () => {
    const { page, account, problems } = await stage.openSignedIn()
    const platform = stage.sandbox.platforms['github-enterprise']
    await linkAccount(account, platform, 'alice', 'no-keys')
    await page.reload()
    const card = cardOf(page, 'GitHub Enterprise Server: alice')
    await card.getByText('Scopes missing').waitFor()
    await card.getByText('The token lacks read:public_key').waitFor()
    expect(await card.getByRole('link', { name: /token page/ }).getAttribute('href')).toBe(
      `${platform.url}/settings/tokens`,
    )

    await card.getByRole('button', { name: 'Replace token' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('New token').fill(platform.token('john-diggle'))
    await dialog.getByRole('button', { name: 'Replace token' }).click()
    await dialog.getByText('This token belongs to john-diggle').waitFor()
    await dialog.getByLabel('New token').fill(platform.token('alice'))
    await dialog.getByRole('button', { name: 'Replace token' }).click()
    await card.getByText('Working').waitFor()
    expect(problems).toEqual([])
  })

  test('an account that is linked beside others is told where one looks', async () => {
    const { page, account } = await stage.openSignedIn('/profile', { viewport: { width: 1280, height: 600 } })
    for (const username of ['carol', 'john-diggle']) {
      await linkAccount(account, stage.sandbox.platforms['github-enterprise'], username)
    }
    await page.reload()
    await page.getByRole('article').nth(1).waitFor()
    const platform = stage.sandbox.platforms['gitlab-subpath']
    await addByToken(page, 'GitLab self-hosted', platform.url, platform.token('alice'))
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await expect.poll(() => focused(page)).toMatch(/^alice on .* is linked/)
    const { y = -1, height = 0 } = (await page.getByText(/is linked\. You can import/).boundingBox()) ?? {}
    expect(y).toBeGreaterThanOrEqual(0)
    expect(y + height).toBeLessThanOrEqual(600)
  })

  test('what the form is refused with reads as the page speaks', async () => {
    const { page } = await stage.openSignedIn()
    const { 'github-enterprise': github, 'gitlab-self-hosted': gitlab } = stage.sandbox.platforms
    await addByToken(page, 'GitHub Enterprise Server', gitlab.url, gitlab.token('alice'))
    await page.getByText('At this address is GitLab self-hosted.').waitFor()
    await fillLinkForm(page, github.url, 'ghp_nobody')
    await page
      .getByText(
        `GitHub Enterprise Server does not take the token: it is wrong, expired or revoked. Make another at ${github.url}/settings/tokens.`,
      )
      .waitFor()
  })

  test('a refused import shows at once that the token is, and another token takes both away', async () => {
    const { page, account } = await stage.openSignedIn()
    const platform = stage.sandbox.platforms['github-enterprise']
    await linkAccount(account, platform, 'carol')
    await page.reload()
    const card = cardOf(page, 'GitHub Enterprise Server: carol')
    await card.getByText('Working').waitFor()
    const token = platform.state.tokens.find(({ value }) => value === platform.token('carol'))
    if (!token) throw new Error('no such token')
    token.revoked = true
    await card.getByRole('button', { name: 'Import SSH keys' }).click()
    await card.getByRole('alert').waitFor()
    await card.getByText('Token refused').waitFor()
    expect(await card.getByRole('alert').textContent()).toContain('with “Replace token”')
    expect(await card.getByRole('button', { name: 'Try again' }).count()).toBe(0)
    token.revoked = false
    await card.getByRole('button', { name: 'Replace token' }).click()
    await page.getByRole('dialog').getByLabel('New token').fill(token.value)
    await page.getByRole('dialog').getByRole('button', { name: 'Replace token' }).click()
    await card.getByText('Working').waitFor()
    expect(await card.getByRole('alert').count()).toBe(0)
  })

  test('a token that was revoked and a platform that is down are told in words', async () => {
    const { page, account } = await stage.openSignedIn()
    const github = stage.sandbox.platforms['github-enterprise']
    const gitlab = stage.sandbox.platforms['gitlab-self-hosted']
    await linkAccount(account, github, 'carol')
    await linkAccount(account, gitlab, 'alice')
    const token = github.state.tokens.find(({ value }) => value === github.token('carol'))
    if (token) token.revoked = true
    gitlab.faults.set({ fault: 'status-503' })
    await page.reload()
    await cardOf(page, 'GitHub Enterprise Server: carol').getByText('Token refused').waitFor()
    await cardOf(page, 'GitLab self-hosted: alice').getByText('Not reachable now').waitFor()
    stage.sandbox.reset()
  })

  test('an import says what came, what was left out and why, and that a second one brings nothing', async () => {
    const { page, account, problems } = await stage.openSignedIn()
    await linkAccount(account, stage.sandbox.platforms['gitlab-self-hosted'])
    await page.reload()
    const card = cardOf(page, 'GitLab self-hosted: alice')
    await card.getByRole('button', { name: 'Import SSH keys' }).click()
    await card.getByText('8 keys were imported.').waitFor()
    await card.getByText('gitlab-self-hosted-Dev key').waitFor()
    const left = card.getByRole('listitem')
    expect(await left.filter({ hasText: 'Short RSA' }).textContent()).toContain('1024 bits')
    expect(await left.filter({ hasText: 'Signing only' }).textContent()).toContain('signing only')

    await card.getByRole('button', { name: 'Import SSH keys' }).click()
    await card.getByText('Nothing new: every usable key of this account is here already.').waitFor()
    await card.getByRole('button', { name: 'Close the result' }).click()
    await card.getByText('Nothing new').waitFor({ state: 'detached' })
    await expect.poll(() => focused(page)).toMatch(/^alice/)
    await card.getByRole('link', { name: 'Merge requests' }).waitFor()
    expect(problems).toEqual([])
  })

  test('unlinking asks, says what happens, and can be called off', async () => {
    const { page, account, problems } = await stage.openSignedIn()
    await linkAccount(account, stage.sandbox.platforms['github-enterprise'])
    await page.reload()
    const card = cardOf(page, 'GitHub Enterprise Server: alice')
    const dialog = page.getByRole('dialog')
    await card.getByRole('button', { name: 'Unlink' }).click()
    await dialog.getByText('SSH keys that you imported stay').waitFor()
    await dialog.getByText('stays valid at GitHub Enterprise Server until you revoke it there').waitFor()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await dialog.waitFor({ state: 'detached' })
    expect((await account.call('GET', '/v1/scm_integrations')).json.scm_integrations).toHaveLength(1)

    await card.getByRole('button', { name: 'Unlink' }).click()
    await dialog.getByRole('button', { name: 'Unlink' }).click()
    await page.getByText('No account is linked yet').waitFor()
    await page.getByRole('status').filter({ hasText: 'is unlinked.' }).waitFor()
    await expect.poll(() => focused(page)).toBe('Linked accounts')
    expect((await account.call('GET', '/v1/scm_integrations')).json.scm_integrations).toEqual([])
    expect(problems).toEqual([])
  })
})
