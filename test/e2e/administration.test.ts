// The pages of administrators in a real browser, with 1,000 users.

import type { Page } from 'playwright-core'
import { beforeAll, expect, test } from 'vitest'
import { addIdentity } from '../../src/accounts/identities/identities.ts'
import { setUserRole } from '../../src/accounts/roles.ts'
import { COMMAND_LINE } from '../../src/audit/events.ts'
import { openBrowser } from '../support/browser.ts'
import { linkAccount } from '../support/platforms.ts'
import type { Account } from '../support/service.ts'
import { addService } from '../support/service-tokens.ts'
import { accessibilityProblems } from './support/axe.ts'
import { focused } from './support/focus.ts'
import { addManyUsers } from './support/many-users.ts'
import { describeInBrowser, screenshot } from './support/stage.ts'

const USERS = '/administration/users'
/** Pixels. */
const WIDTHS = [1280, 360] as const
/** How many elements reach beyond the window, even where a list hides it. */
const CUT_OFF = `[...document.querySelectorAll('body *')].filter((each) =>
  each.getBoundingClientRect().right > innerWidth).length`
/** Letter by letter, without a pause between them even on a busy machine. */
const TYPE_QUICKLY = `for (const end of 'many-99'.split('').keys()) {
  const box = document.querySelector('[role="searchbox"]')
  const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')
  set.call(box, 'many-99'.slice(0, end + 1))
  box.dispatchEvent(new Event('input', { bubbles: true }))
}`
const FULL_LIST = /^1,\d\d\d users$/

describeInBrowser('Administration', (stage) => {
  /** With two links, of which one does not work, a session and an identity. */
  let ada: Account

  beforeAll(async () => {
    ada = await addPerson('ada')
    await addManyUsers(stage.service.services, 1000)
    await addService(stage.service, { name: 'Developer portal' })
  })

  async function addPerson(name: string): Promise<Account> {
    const { service, sandbox } = stage
    const { 'github-enterprise': ghes, 'gitlab-self-hosted': gitlab } = sandbox.platforms
    const account = await service.addAccount(name)
    await linkAccount(account, ghes)
    const broken = await linkAccount(account, gitlab)
    const { database } = service.services
    await database
      .updateTable('scmIntegrations')
      .set({ status: 'token_rejected', statusReason: 'The platform does not take the token.' })
      .where('id', '=', broken)
      .execute()
    const identity = { issuer: 'https://login.corp.example', subject: `subject-of-${account.username}` }
    await database.transaction().execute((transaction) => addIdentity(transaction, COMMAND_LINE, account.id, identity))
    await openBrowser(service).signIn(account)
    return account
  }

  const openPage = (path: string, options = {}) => stage.openAs(stage.administrator, path, options)

  /** As if the administrator had signed in too long ago to make others administrators. */
  async function ageSession(): Promise<void> {
    const createdAt = new Date(Date.now() - 6 * 60_000).toISOString()
    await stage.service.services.database
      .updateTable('sessions')
      .set({ createdAt })
      .where('userId', '=', stage.administrator.id)
      .execute()
  }

  async function answer(page: Page, button: string): Promise<void> {
    await page.getByRole('dialog').getByRole('button', { name: button, exact: true }).click()
  }

  const toast = (page: Page, text: string) => page.getByRole('status').filter({ hasText: text }).waitFor()

  /** The page's name, its address, its title, and what is there once it is loaded. */
  const pages = (): [name: string, path: string, title: string, text: string | RegExp][] => [
    ['overview', '/administration', 'Overview', 'Encryption keys'],
    ['users', USERS, 'Users', FULL_LIST],
    ['user', `${USERS}/${ada.id}`, 'ada', 'Token refused'],
    ['links', '/administration/links', 'Links', 'Token refused'],
    ['all-activity', '/administration/activity', 'All activity', /^\d+ events$/],
    ['service-tokens', '/administration/service-tokens', 'Service tokens', /^\d service tokens?$/],
  ]

  test('has pages in order, wide and narrow, light and dark', async () => {
    const { page, problems } = await openPage('/administration')
    for (const [name, path, title, text] of pages()) {
      await page.setViewportSize({ width: WIDTHS[0], height: 860 })
      await page.emulateMedia({ colorScheme: 'light' })
      await page.goto(path)
      await page.getByText(text).first().waitFor()
      expect(await page.title()).toBe(`${title} · Forgelink`)
      await expect.poll(() => page.locator('[aria-busy="true"]').count()).toBe(0)
      await screenshot(page, `administration-${name}-light`)
      expect(await accessibilityProblems(page), name).toEqual([])
      await page.setViewportSize({ width: WIDTHS[1], height: 860 })
      await page.emulateMedia({ colorScheme: 'dark' })
      await page.locator('html[data-mantine-color-scheme="dark"]').waitFor()
      await screenshot(page, `administration-${name}-dark-narrow`)
      expect(await accessibilityProblems(page), name).toEqual([])
      expect(await page.evaluate<number>(CUT_OFF), name).toBe(0)
    }
    expect(problems).toEqual([])
  })

  test('is not there for members, who load none of it', async () => {
    const { page, problems } = await stage.openSignedIn('/profile')
    const loaded: string[] = []
    page.on('request', (request) => loaded.push(new URL(request.url()).pathname))
    await page.getByRole('heading', { name: 'Profile' }).waitFor()
    expect(await page.getByText('Administration').count()).toBe(0)
    for (const path of ['/administration', `${USERS}/${ada.id}`]) {
      await page.goto(path)
      await page.getByRole('heading', { name: 'Administrators only' }).waitFor()
    }
    expect(loaded.filter((path) => /\/v1\/admin|assets\/administration/.test(path))).toEqual([])
    expect(await accessibilityProblems(page)).toEqual([])
    expect(problems).toEqual([])
  })

  test('ends at once for who is demoted while a page is open', async () => {
    const { service } = stage
    const account = await service.addAccount('short-reign')
    const setRole = (role: 'admin' | 'member') =>
      service.services.database
        .transaction()
        .execute((transaction) => setUserRole(transaction, COMMAND_LINE, account.id, role))
    await setRole('admin')
    const { page } = await stage.openAs(account, USERS)
    await page.getByText(FULL_LIST).waitFor()
    await setRole('member')
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByRole('heading', { name: 'Administrators only' }).waitFor()
    expect(await page.getByRole('link', { name: 'Service tokens' }).count()).toBe(0)
  })

  test('finds users by what is typed and chosen, which the address keeps', async () => {
    const { page, problems } = await openPage(USERS)
    await page.getByText(FULL_LIST).waitFor()
    const asked: string[] = []
    page.on('request', (request) => {
      if (request.url().includes('/v1/admin/users?')) asked.push(new URL(request.url()).search)
    })
    await page.evaluate(TYPE_QUICKLY)
    await page.getByText('11 users').waitFor()
    expect(asked).toEqual(['?search=many-99'])
    await page.getByRole('combobox', { name: 'State' }).click()
    await page.getByRole('option', { name: 'Deactivated' }).click()
    await page.getByText('1 user', { exact: true }).waitFor()
    await page.getByRole('link', { name: 'person-of-many-990' }).waitFor()
    expect(new URL(page.url()).search).toBe('?search=many-99&active=false')
    await page.reload()
    await page.getByText('1 user', { exact: true }).waitFor()
    expect(await page.getByLabel('Search').inputValue()).toBe('many-99')
    await page.goBack()
    await page.getByText('11 users').waitFor()

    await page.getByLabel('Search').fill('nobody is called this')
    await page.getByText('No users match').waitFor()
    await page.getByRole('button', { name: 'Clear the filters' }).click()
    await page.getByText(FULL_LIST).waitFor()
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByText('Page 2 of 5').waitFor()
    await expect.poll(() => focused(page)).toMatch(FULL_LIST)
    await page.getByRole('link', { name: 'person-of-many-30' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'person-of-many-30' }).waitFor()
    await expect.poll(() => focused(page)).toBe('person-of-many-30')
    await page.getByRole('main').getByRole('link', { name: 'Users' }).click()
    await page.goto(`${USERS}?page=90`)
    await page.getByText('There is nothing on page 90').waitFor()
    await page.getByRole('button', { name: 'Go to page 1' }).click()
    await page.getByText('Page 1 of').waitFor()
    expect(problems).toEqual([])
  })

  test('shows what is empty, too many, wrong or failing', async () => {
    const { page } = await openPage('/administration')
    await page.getByText('Encryption keys').waitFor()
    const pagination = { current_page: 1, prev_page: null, next_page: null, total_pages: 0, total_count: 0 }
    for (const [name, path, text] of [
      ['integrations', '/administration/links', 'Nobody has linked an account yet'],
      ['events', '/administration/activity', 'Nothing here'],
      ['service_tokens', '/administration/service-tokens', 'No service tokens yet'],
    ] as const) {
      const calls = `**/v1/admin/${name}**`
      await page.route(calls, (route) => route.fulfill({ json: { [name]: [], meta: { pagination } } }))
      await page.goto(path)
      await page.getByText(text).waitFor()
      await page.unroute(calls)
    }
    expect(await accessibilityProblems(page)).toEqual([])

    const { json: all } = await stage.administrator.call('GET', '/v1/admin/overview')
    const overview = {
      ...all.overview,
      refreshes: { ...all.overview.refreshes, succeeded: null },
      hosts_in_trouble: [
        { url: 'https://gitlab.corp.example', accounts: null, retry_after: 42 },
        { url: 'https://ghe.corp.example', accounts: 1, retry_after: 7 },
      ],
      keys: [
        { id: 'k1', newest: false },
        { id: 'k2', newest: true },
      ],
    }
    await page.route('**/v1/admin/overview', (route) => route.fulfill({ json: { overview } }))
    await page.goto('/administration')
    for (const text of [
      'For all accountsTried again in 42 s',
      'For 1 accountTried again in 7 s',
      'k1Only opens',
      'k2Seals',
    ]) {
      await page.getByRole('listitem').filter({ hasText: text }).waitFor()
    }
    await page.getByText('10,000+').waitFor()
    await page.unroute('**/v1/admin/overview')

    const many = { ...pagination, next_page: 2, total_pages: null, total_count: null }
    const { json } = await stage.administrator.call('GET', '/v1/admin/users')
    await page.route('**/v1/admin/users**', (route) => route.fulfill({ json: { ...json, meta: { pagination: many } } }))
    await page.goto(USERS)
    await page.getByText('More than 10,000 users').waitFor()
    await page.unroute('**/v1/admin/users**')
    // In the server's own words.
    await page.goto(`${USERS}?page=501`)
    await page.getByRole('alert').getByText('page must be at most 500: narrow the list with its filters').waitFor()

    for (const [path, calls, text] of [
      ['/administration', '**/v1/admin/overview', 'Encryption keys'],
      [`${USERS}/${ada.id}`, `**/v1/admin/users/${ada.id}`, 'ada@example.test'],
      ['/administration/links', '**/v1/admin/integrations**', 'Token refused'],
    ] as const) {
      await page.route(calls, (route) => route.fulfill({ status: 503, json: { error: 'Not now.' } }))
      await page.goto(path)
      await page.getByRole('alert').getByText('Not now.').waitFor()
      await page.unroute(calls)
      await page.getByRole('button', { name: 'Try again' }).click()
      await page.getByText(text).first().waitFor()
    }
    await page.goto(`${USERS}/us-00000000-0000-4000-8000-000000000000`)
    await page.getByText('There is no such account, or no longer.').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
  })

  test('adds a user, edits them, and makes them an administrator after the password', async () => {
    const { page, problems } = await openPage(USERS)
    await page.getByRole('button', { name: 'Add user' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('E-mail address').fill('no address')
    await answer(page, 'Add user')
    await dialog.getByText(/^The user name /).waitFor()
    await dialog.getByText(/^The address /).waitFor()
    await dialog.getByLabel('User name').fill('grace')
    await dialog.getByLabel('E-mail address').fill('ada@example.test')
    await answer(page, 'Add user')
    await dialog.getByText('Another account has this e-mail address.').waitFor()
    const name = `grace-${Date.now()}`
    await dialog.getByLabel('User name').fill(name)
    await dialog.getByLabel('E-mail address').fill('')
    await answer(page, 'Add user')
    await page.getByRole('heading', { name, exact: true }).waitFor()
    await page.getByText('No e-mail address').waitFor()
    await expect.poll(() => focused(page)).toBe(name)

    await page.getByRole('button', { name: 'Edit' }).click()
    await dialog.getByLabel('User name').fill(`${name}-hopper`)
    await dialog.getByLabel('E-mail address').fill(`${name}@example.test`)
    await answer(page, 'Save')
    await page.getByRole('heading', { name: `${name}-hopper` }).waitFor()
    await page.getByText(`${name}@example.test`).first().waitFor()
    await expect.poll(() => focused(page)).toBe('Edit')

    await ageSession()
    await page.getByRole('button', { name: 'Make an administrator' }).click()
    await answer(page, 'Make an administrator')
    const confirm = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await confirm.getByLabel('Password').fill(stage.administrator.password)
    await confirm.getByRole('button', { name: 'Confirm' }).click()
    await toast(page, 'is an administrator now.')
    await page.getByText('Administrator', { exact: true }).first().waitFor()
    await expect.poll(() => focused(page)).toBe('Account')
    await page.getByRole('button', { name: 'Make a member' }).click()
    await answer(page, 'Make a member')
    await toast(page, 'is a member now.')
    expect(problems).toEqual([])
  })

  test('removes what a user has, one by one', async () => {
    const person = await addPerson('possessor')
    const { page, problems } = await openPage(`${USERS}/${person.id}`)
    await page.getByText('The platform does not take the token.').waitFor()
    await page.getByText(`Identity subject-of-${person.username} at`).waitFor()
    for (const [title, button, dialog, nothing] of [
      ['Links', /^Unlink/, 'Unlink', null],
      ['Links', /^Unlink/, 'Unlink', 'They have linked no account.'],
      ['API tokens', /^Revoke/, 'Revoke', 'They have made none'],
      ['Browsers', /^End/, 'End', 'They have no session'],
      ['Identities', /^Remove/, 'Remove', 'They are known at no provider'],
    ] as const) {
      const section = page.getByRole('region', { name: title })
      const before = await section.getByRole('listitem').count()
      await section.getByRole('button', { name: button }).first().click()
      await answer(page, dialog)
      await expect.poll(() => section.getByRole('listitem').count()).toBe(before - 1)
      await expect.poll(() => focused(page)).toBe(title)
      if (nothing) await section.getByText(nothing).waitFor()
    }
    await page
      .getByText(/unlinked$/)
      .first()
      .waitFor()
    await page.getByText('by the administrator “administrator”').first().waitFor()
    const { json } = await stage.administrator.call('GET', `/v1/admin/users/${person.id}/integrations`)
    expect(json.integrations).toEqual([])
    expect(problems).toEqual([])
  })

  test('deactivates with a report of what is left, reactivates and removes', async () => {
    const person = await addPerson('leaver')
    const { page, problems } = await openPage(`${USERS}/${person.id}`)
    await page.getByRole('button', { name: 'Deactivate' }).click()
    await answer(page, 'Cancel')
    await expect.poll(() => focused(page)).toBe('Deactivate')
    await page.getByRole('button', { name: 'Deactivate' }).click()
    await answer(page, 'Deactivate')
    const report = page.getByRole('region', { name: `${person.username} is deactivated` })
    await report.getByText('2 links, 1 API token and 1 session ended.').waitFor()
    await report.getByText('2 tokens were not revoked at once.').waitFor()
    const { url } = stage.sandbox.platforms['github-enterprise']
    expect(await report.getByRole('link').first().getAttribute('href')).toBe(`${url}/settings/tokens`)
    await expect.poll(() => focused(page)).toBe(`${person.username} is deactivated`)
    expect(await accessibilityProblems(page)).toEqual([])
    expect((await person.call('GET', '/v1/users/self')).status).toBe(401)
    await page.reload()
    await report.getByText('Left to revoke').first().waitFor()

    await page.getByRole('button', { name: 'Reactivate' }).click()
    await answer(page, 'Reactivate')
    await toast(page, 'is active again.')
    expect(await report.count()).toBe(0)
    await expect.poll(() => focused(page)).toBe('Account')

    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    await answer(page, 'Remove')
    await page.getByText(FULL_LIST).waitFor()
    await expect.poll(() => focused(page)).toBe('Users')
    expect((await stage.administrator.call('GET', `/v1/admin/users/${person.id}`)).status).toBe(404)
    // What the server refuses is said in the question. Not asked for in earnest: the tests need their administrator.
    const path = `/v1/admin/users/${stage.administrator.id}`
    const failure = { error: 'This is the last active administrator.', code: 'last_administrator' }
    await page.route(`**${path}`, (route) =>
      route.request().method() === 'PATCH' ? route.fulfill({ status: 409, json: failure }) : route.continue(),
    )
    await page.goto(`${USERS}/${stage.administrator.id}`)
    await page.getByText('This is your own account').waitFor()
    await page.getByRole('button', { name: 'Deactivate' }).click()
    await answer(page, 'Deactivate')
    await page.getByRole('dialog').getByText('This is the last active administrator.').waitFor()
    expect(problems).toEqual([])
  })

  test('shows a sign-in link once, says where it was sent, or why there is none', async () => {
    const { page } = await openPage(`${USERS}/${ada.id}`)
    const expires_at = new Date(Date.now() + 86_400_000).toISOString()
    const calls = `**/v1/admin/users/${ada.id}/invitation`
    const url = 'https://forgelink.example/invitations/a-secret'
    for (const [status, json, text] of [
      [503, { error: 'The mail server does not answer.' }, 'The mail server does not answer.'],
      [201, { invitation: { url, sent_to: null, expires_at } }, url],
      [201, { invitation: { url: null, sent_to: ada.email, expires_at } }, 'Sent to ada@example.test.'],
    ] as const) {
      await page.route(calls, (route) => route.fulfill({ status, json }))
      if ((await page.getByRole('dialog').count()) === 0) {
        await page.getByRole('button', { name: 'Make a sign-in link' }).click()
      }
      await answer(page, 'Make the link')
      await page.getByText(text).waitFor()
      await page.unroute(calls)
    }
    await expect.poll(() => focused(page)).toMatch(/^Sent to ada@example.test/)
    expect(await accessibilityProblems(page)).toEqual([])
    expect(await page.getByText(url).count()).toBe(0)
    await page.getByRole('button', { name: 'Close' }).click()
    await expect.poll(() => focused(page)).toBe('Account')
  })

  test('leads from the overview to the links that do not work, and to whose they are', async () => {
    const { page, problems } = await openPage('/administration')
    await page.getByRole('main').getByRole('link', { name: 'Token refused' }).click()
    await page.getByText('The platform does not take the token.').first().waitFor()
    expect(new URL(page.url()).search).toBe('?status=token_rejected')
    expect(await page.getByRole('listitem').getByText('Working').count()).toBe(0)
    await page.getByLabel('Host').fill('no-such-host.example')
    await page.getByText('No links match').waitFor()
    await page.goto(`/administration/links?user=${ada.id}`)
    await page.getByText('2 links').waitFor()
    await page.getByText('Only of ada').waitFor()
    await page.getByRole('button', { name: 'Show everybody’s' }).click()
    await expect.poll(() => new URL(page.url()).search).toBe('')
    await page.getByRole('link', { name: 'ada', exact: true }).first().click()
    await page.getByRole('heading', { name: 'ada', exact: true }).waitFor()
    expect(problems).toEqual([])
  })

  test('filters everybody’s activity by what was done, whose it was, and the days', async () => {
    const { page, problems } = await openPage(`${USERS}/${ada.id}`)
    await page.getByRole('link', { name: 'Filter it' }).click()
    await page.getByText('Only of ada').waitFor()
    await page.getByRole('combobox', { name: 'What' }).fill('new ident')
    await page.getByRole('option', { name: 'New identity' }).click()
    await page.getByText('1 event', { exact: true }).waitFor()
    await page.getByText('Identity subject-of-ada at').waitFor()
    // The day of today, where the browser is, is in on both ends.
    const today = await page.evaluate<string>("new Date().toLocaleDateString('sv')")
    await page.getByLabel('From').fill(today)
    await page.getByLabel('Until').fill(today)
    await page.getByText('1 event', { exact: true }).waitFor()
    await page.getByLabel('From').fill('')
    await page.getByLabel('Until').fill('2020-01-31')
    await page.getByText('No events match').waitFor()
    expect(new URL(page.url()).searchParams.get('to')).toBe('2020-01-31')
    expect(problems).toEqual([])
  })

  test('makes a service token after the password, shows it once, and removes it', async () => {
    const { page, problems } = await openPage('/administration/service-tokens')
    await page.getByText('Developer portal').waitFor()
    await page.getByRole('button', { name: 'Make token' }).click()
    await page.getByText(/^The name must/).waitFor()
    await ageSession()
    const name = `Console ${Date.now()}`
    await page.getByLabel('Name').fill(name)
    await page.getByLabel('provision users by SCIM').check()
    await page.getByRole('textbox', { name: 'Issuers' }).fill('https://paas.example\n\nhttps://ci.example\n')
    await page.getByRole('button', { name: 'Make token' }).click()
    const confirm = page.getByRole('dialog', { name: 'Confirm that it is you' })
    await confirm.getByLabel('Password').fill(stage.administrator.password)
    await confirm.getByRole('button', { name: 'Confirm' }).click()
    const fresh = page.getByRole('region', { name: `Copy “${name}” now` })
    const token = (await fresh.locator('pre').first().textContent()) ?? ''
    expect(token).toMatch(/^tk-svc-/)
    expect(await fresh.locator('pre').last().textContent()).toContain(
      '{"user":{"issuer":"https://paas.example","subject":"42"}}',
    )
    await expect.poll(() => focused(page)).toBe(`Copy “${name}” now`)
    const { json } = await stage.administrator.call('GET', '/v1/admin/service_tokens?per_page=100')
    expect(json.service_tokens.at(-1)).toMatchObject({
      name,
      scopes: ['users:act', 'users:create', 'scim', 'read', 'write'],
      issuers: ['https://paas.example', 'https://ci.example'],
      expires_at: null,
    })
    await page.getByRole('button', { name: `Remove ${name}` }).click()
    await answer(page, 'Remove')
    await toast(page, `${name} is removed.`)
    expect(await fresh.count()).toBe(0)
    await expect.poll(() => focused(page)).toBe('Services')
    expect(await page.getByRole('heading', { name, exact: true }).count()).toBe(0)
    expect(problems).toEqual([])
  })
})
