// The two searches in a real browser: as you type, filters, pages, the address bar, the same call over the API.

import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { linkAccount } from '../support/platforms.ts'
import { accessibilityProblems } from './support/axe.ts'
import { focused } from './support/focus.ts'
import { runShown } from './support/shell.ts'
import { describeInBrowser, type Stage } from './support/stage.ts'

async function choose(page: Page, label: string, option: string): Promise<void> {
  await page.getByRole('combobox', { name: label }).click()
  await page.getByRole('option', { name: option, exact: true }).click()
}

async function countShown(page: Page, text: string | RegExp): Promise<void> {
  await page.getByRole('status').filter({ hasText: text }).waitFor()
}

async function openSearch(stage: Stage, path: string) {
  const visit = await stage.openSignedIn()
  const link = await linkAccount(visit.account, stage.sandbox.platforms['github-enterprise'])
  await visit.page.goto(path)
  return { ...visit, link }
}

describeInBrowser('Searching repositories', (stage) => {
  test('without a linked account it leads to the profile', async () => {
    const { page } = await stage.openSignedIn('/repositories')
    await page.getByRole('link', { name: 'Link one on your profile' }).click()
    await page.getByRole('heading', { name: 'Profile' }).waitFor()
  })

  test('results come as you type, and the query is in the address bar and survives a reload', async () => {
    const { page, problems, link } = await openSearch(stage, '/repositories')
    await countShown(page, '270 repositories')
    await page.getByRole('searchbox', { name: 'Search' }).fill('unicode')
    await countShown(page, '1 repository')
    expect(new URL(page.url()).searchParams.get('query')).toBe('unicode user:alice')
    expect(new URL(page.url()).searchParams.get('link')).toBe(link)
    await page.reload()
    await countShown(page, '1 repository')
    expect(await page.getByRole('searchbox', { name: 'Search' }).inputValue()).toBe('unicode')
    expect(await page.getByRole('combobox', { name: 'Owner' }).inputValue()).toBe('alice')
    expect(problems).toEqual([])
  })

  test('a request that is overtaken by the next letter is aborted', async () => {
    const { page } = await openSearch(stage, '/repositories')
    await countShown(page, '270 repositories')
    let held = 0
    await page.route(/search_repos\?query=ex/, async (route) => {
      held += 1
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      await route.continue().catch(() => undefined)
    })
    const failed = page.waitForEvent('requestfailed', (request) => request.url().includes('query=ex'))
    await page.getByRole('searchbox', { name: 'Search' }).fill('ex')
    await expect.poll(() => held).toBe(1)
    await page.getByRole('searchbox', { name: 'Search' }).fill('unicode')
    expect((await failed).failure()?.errorText).toBe('net::ERR_ABORTED')
    await countShown(page, '1 repository')
  })

  test('owners are the account and its organisations, and forks come when they are asked for', async () => {
    const { page, problems } = await openSearch(stage, '/repositories')
    await countShown(page, '270 repositories')
    await page.getByRole('switch', { name: 'Include forks' }).click()
    await countShown(page, '272 repositories')
    await page
      .getByText('alice/example-fork')
      .or(page.getByRole('button', { name: 'Next' }))
      .first()
      .waitFor()
    await choose(page, 'Owner', 'acme')
    await page.getByRole('link', { name: /^acme\/website/ }).waitFor()
    expect(new URL(page.url()).searchParams.get('query')).toBe('user:acme fork:true')
    expect(problems).toEqual([])
  })

  test('pages follow each other', async () => {
    const { page } = await openSearch(stage, '/repositories')
    await page.getByText('Page 1 of 14').waitFor()
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByText('Page 2 of 14').waitFor()
    expect(new URL(page.url()).searchParams.get('page')).toBe('2')
    await page.getByRole('button', { name: 'Previous' }).click()
    await page.getByText('Page 1 of 14').waitFor()
  })

  test('the address is what the page shows: the navigation begins anew, and Back comes back', async () => {
    const { page } = await openSearch(stage, '/repositories')
    const words = page.getByRole('searchbox', { name: 'Search' })
    await countShown(page, '270 repositories')
    await words.fill('example')
    await countShown(page, /^\d\d? repositories/)
    await page.getByRole('link', { name: 'Repositories', exact: true }).click()
    await countShown(page, '270 repositories')
    expect(await words.inputValue()).toBe('')
    await page.goBack()
    await countShown(page, /^\d\d? repositories/)
    expect(await words.inputValue()).toBe('example')
  })

  test('a page is a step to go back from, and begins at its top', async () => {
    const { page } = await openSearch(stage, '/repositories')
    await page.getByText('Page 1 of 14').waitFor()
    await page.getByRole('button', { name: 'Next' }).click()
    await page.getByText('Page 2 of 14').waitFor()
    await expect.poll(() => focused(page)).toBe('270 repositories')
    const { y = -1 } = (await page.getByText('270 repositories').boundingBox()) ?? {}
    expect(y).toBeGreaterThanOrEqual(0)
    await page.goBack()
    await page.getByText('Page 1 of 14').waitFor()
  })

  test('a page beyond the last leads to the first', async () => {
    const { page } = await openSearch(stage, '/repositories?query=user:alice&page=99')
    await page.getByText('There is nothing on page 99').waitFor()
    await page.getByRole('button', { name: 'Go to page 1' }).click()
    await page.getByText('Page 1 of 14').waitFor()
  })

  test('the forks switch stays while there is nothing to search for', async () => {
    const { page } = await openSearch(stage, '/repositories')
    await countShown(page, '270 repositories')
    await page.getByRole('switch', { name: 'Include forks' }).click()
    await choose(page, 'Owner', 'Everyone')
    await page.getByText('Type a word, or choose an owner').waitFor()
    await page.reload()
    await page.getByText('Type a word, or choose an owner').waitFor()
    expect(await page.getByRole('switch', { name: 'Include forks' }).isChecked()).toBe(true)
  })

  test('owners that cannot be read are told at their field, which keeps its place', async () => {
    const { page } = await openSearch(stage, '/profile')
    stage.sandbox.platforms['github-enterprise'].faults.set({ fault: 'status-500', path: '/user/orgs' })
    await page.goto('/repositories')
    await page.getByText('Your organisations could not be read.').waitFor()
    stage.sandbox.platforms['github-enterprise'].faults.clear()
    const tops = ['Owner', 'Linked account'].map((name) => page.getByRole('combobox', { name }).boundingBox())
    const [owner, link] = await Promise.all(tops)
    expect(owner?.y).toBe(link?.y)
  })

  test('the opened lists have nothing for axe to say', async () => {
    const { page } = await openSearch(stage, '/repositories')
    for (const name of ['Owner', 'Linked account']) {
      await page.getByRole('combobox', { name }).click()
      await page.getByRole('option').first().waitFor()
      expect(await accessibilityProblems(page), name).toEqual([])
      await page.keyboard.press('Escape')
    }
  })

  test('GitLab’s three letters are told where two find nothing', async () => {
    const { page, account } = await stage.openSignedIn()
    const link = await linkAccount(account, stage.sandbox.platforms['gitlab-self-hosted'])
    await page.goto(`/repositories?link=${link}&query=zq`)
    await page.getByText('GitLab wants three letters or more of a word.').waitFor()
  })

  test('the curl command shown does the same', async () => {
    const { page, account } = await openSearch(stage, '/repositories')
    await page.getByRole('searchbox', { name: 'Search' }).fill("unicode bob's")
    await page.getByText('unicode+bob%27s+user:alice').waitFor()
    await page.getByRole('searchbox', { name: 'Search' }).fill('unicode')
    const command = page.locator('pre', { hasText: 'query=unicode+user:alice' })
    const line = (await command.textContent()) ?? ''
    const answer = await runShown(line, { BEARER_TOKEN: account.bearer })
    expect(JSON.parse(answer).repositories).toMatchObject([{ fullName: 'alice/unicode-samples' }])
  })

  test('what platforms write is text: no markup, no script', async () => {
    const { page, problems } = await openSearch(stage, '/repositories?query=markup')
    await page.getByText('<script>alert("description")</script> & <b>bold</b>').waitFor()
    expect(problems).toEqual([])
  })

  test('a query that cannot be read is told at its field', async () => {
    const { page } = await openSearch(stage, '/repositories')
    await page.getByRole('searchbox', { name: 'Search' }).fill('language:go')
    await page.getByText('The query has an unknown qualifier').waitFor()
    expect(await page.getByRole('searchbox', { name: 'Search' }).getAttribute('aria-invalid')).toBe('true')
  })

  test('a platform that fails is told in its sentence, and trying again works', async () => {
    const { page } = await openSearch(stage, '/repositories')
    await countShown(page, '270 repositories')
    stage.sandbox.platforms['github-enterprise'].faults.set({ fault: 'status-500' })
    await page.getByRole('searchbox', { name: 'Search' }).fill('markup')
    const alert = page.getByRole('alert')
    await alert.waitFor()
    expect(await alert.textContent()).toMatch(/has trouble of its own \(status 500\)/)
    stage.sandbox.platforms['github-enterprise'].faults.clear()
    await alert.getByRole('button', { name: 'Try again' }).click()
    await countShown(page, '1 repository')
  })
})

describeInBrowser('Searching pull requests', (stage) => {
  test('your open ones come first, then closed ones, then one repository’s', async () => {
    const { page, problems } = await openSearch(stage, '/pull-requests')
    await page.getByText('From a deleted fork').waitFor()
    await page.getByText('Its source is deleted, or hidden from you').first().waitFor()
    await page.getByText('Closed', { exact: true }).click()
    await page.getByText('Change number 45').waitFor()
    expect(await page.getByRole('listitem').filter({ hasText: 'Merged' }).count()).toBeGreaterThan(0)
    await page.getByText('Both', { exact: true }).click()
    await page.getByLabel('Repository').fill('john-diggle/example-repository')
    await page.getByText('Add logo', { exact: false }).first().waitFor()
    expect(new URL(page.url()).searchParams.get('query')).toBe('repo:john-diggle/example-repository')
    expect(problems).toEqual([])
  })

  test('a repository without its owner is told at its field, and not searched for', async () => {
    const { page, problems } = await openSearch(stage, '/pull-requests')
    await page.getByText('From a deleted fork').waitFor()
    const asked: string[] = []
    page.on('request', (request) => {
      if (request.url().includes('noslash')) asked.push(request.url())
    })
    await page.getByLabel('Repository').fill('noslash')
    await page.getByText('Put its owner before it: owner/name').waitFor()
    expect(await page.getByLabel('Repository').getAttribute('aria-invalid')).toBe('true')
    expect(await page.getByRole('searchbox', { name: 'Search' }).getAttribute('aria-invalid')).toBeNull()
    expect(asked).toEqual([])
    expect(problems).toEqual([])
  })

  test('a repository leads to its open pull requests', async () => {
    const { page } = await openSearch(stage, '/repositories')
    await page.getByRole('link', { name: 'Pull requests of alice/example-repository' }).click()
    await page.getByRole('heading', { name: 'Pull requests' }).waitFor()
    expect(await page.getByLabel('Repository').inputValue()).toBe('alice/example-repository')
    await page.getByText('Draft: not ready').waitFor()
  })

  test('another linked account is chosen, and its merge requests are named so', async () => {
    const { page, account } = await openSearch(stage, '/pull-requests')
    const gitlab = stage.sandbox.platforms['gitlab-self-hosted']
    await linkAccount(account, gitlab)
    await page.reload()
    await choose(page, 'Linked account', `alice on ${new URL(gitlab.url).host}`)
    await countShown(page, 'merge requests')
    await page.getByText('!50').waitFor()
  })
})
