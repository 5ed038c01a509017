// The activity in a real browser: in words, by pages, and when there is nothing or no answer.

import { expect, test } from 'vitest'
import { accessibilityProblems } from './support/axe.ts'
import { focused } from './support/focus.ts'
import { describeInBrowser } from './support/stage.ts'

describeInBrowser('The activity', (stage) => {
  test('tells what was done in words, and turns its pages', async () => {
    const { page, problems, account } = await stage.openSignedIn()
    for (let n = 0; n < 20; n++) await account.call('POST', '/v1/tokens', { name: `build ${n}` })
    await page.getByRole('link', { name: 'Activity' }).click()
    expect(await page.getByRole('main').getByRole('listitem').first().textContent()).toBe(
      'API token “build 19” madejust nowby the API token “forgelink user add”from 127.0.0.1',
    )
    await page.getByText('Page 1 of 2').waitFor()
    expect(await page.getByRole('button', { name: 'Newer' }).isDisabled()).toBe(true)
    await page.getByRole('button', { name: 'Older' }).click()
    await page.getByText('The account was made').waitFor()
    await page.getByText('Signed in').waitFor()
    await page.getByText('Page 2 of 2').waitFor()
    expect(await focused(page)).toBe('Latest first')
    await page.getByRole('button', { name: 'Newer' }).click()
    await page.getByText('build 19').waitFor()
    expect(problems).toEqual([])
  })

  test('says why there is nothing, and offers to try again after a failure', async () => {
    const { page } = await stage.openSignedIn()
    const pagination = { current_page: 1, prev_page: null, next_page: null, total_pages: 0, total_count: 0 }
    await page.route('**/v1/events**', (route) => route.fulfill({ json: { events: [], meta: { pagination } } }))
    await page.goto('/activity')
    await page.getByText('Nothing here').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    await page.unroute('**/v1/events**')
    await page.route('**/v1/events**', (route) => route.fulfill({ status: 503, json: { error: 'Not now.' } }))
    await page.reload()
    await page.getByRole('alert').getByText('Not now.').waitFor()
    expect(await accessibilityProblems(page)).toEqual([])
    await page.unroute('**/v1/events**')
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('The account was made').waitFor()
  })
})
