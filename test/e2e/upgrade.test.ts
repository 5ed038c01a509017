// A tab that is open while the server is replaced by another version, and two versions behind one address.

import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createApp } from '../../src/app.ts'
import { builtDashboard } from '../../src/http/dashboard.ts'
import { type Handler, serve, type TestServer } from '../support/fault-server.ts'
import { describeInBrowser } from './support/stage.ts'

/** The same dashboard with other names of all its scripts and styles, as another version has. */
function otherVersion(): string {
  const folder = mkdtempSync(join(tmpdir(), 'forgelink-version-'))
  cpSync(builtDashboard(), folder, { recursive: true, filter: (path) => !/\.(br|gz|map)$/.test(path) })
  const assets = join(folder, 'assets')
  const names = readdirSync(assets).filter((name) => /\.(js|css)$/.test(name))
  const renamed = (text: string) => names.reduce((all, name) => all.replaceAll(name, `other-${name}`), text)
  for (const name of names) {
    writeFileSync(join(assets, name), renamed(readFileSync(join(assets, name), 'utf8')))
    renameSync(join(assets, name), join(assets, `other-${name}`))
  }
  const index = join(folder, 'index.html')
  writeFileSync(index, renamed(readFileSync(index, 'utf8')))
  return folder
}

/** Whether the page is of the other version. */
function isOther(page: Page): Promise<boolean> {
  return page.evaluate<boolean>(`document.querySelector('script[type="module"]').src.includes('/assets/other-')`)
}

function countLoads(page: Page): () => number {
  let loads = 0
  page.on('load', () => {
    loads += 1
  })
  return () => loads
}

describeInBrowser('An upgrade', (stage) => {
  let front: TestServer
  let closeOther: () => Promise<void>
  /** The ports of both versions, and which of them gets the next request. */
  const ports = { old: '', other: '' }
  let next: () => keyof typeof ports
  const folder = otherVersion()

  beforeAll(async () => {
    const { services, config, url } = stage.service
    const app = await createApp(services, config, { dashboard: folder })
    closeOther = () => app.close()
    ports.old = new URL(url).port
    ports.other = new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port
    const pass: Handler = (request, response) => {
      const { method = 'GET', url: path = '/', headers } = request
      const passed = httpRequest({ host: '127.0.0.1', port: ports[next()], method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      })
      passed.on('error', () => response.destroy())
      return request.pipe(passed)
    }
    front = await serve(pass)
  })
  afterAll(async () => {
    await front?.close()
    await closeOther?.()
    rmSync(folder, { recursive: true })
  })

  test('of the server leaves an open tab working: it loads the new version once, and only when it must', async () => {
    next = () => 'old'
    const { page } = await stage.openSignedIn('/profile', { baseURL: front.origin })
    await page.getByText('No account is linked yet').waitFor()
    const loads = countLoads(page)
    next = () => 'other'
    await page.getByRole('link', { name: 'SSH keys', exact: true }).click()
    await page.getByText('No keys yet').waitFor()
    expect([new URL(page.url()).pathname, await isOther(page), loads()]).toEqual(['/keys', true, 1])
    await page.getByRole('link', { name: 'API tokens', exact: true }).click()
    await page.getByRole('heading', { name: 'API tokens' }).waitFor()
    expect(loads()).toBe(1)
  })

  test('in the middle of which both versions answer in turn gives whole pages', async () => {
    let count = 0
    next = () => {
      count += 1
      return count % 2 === 0 ? 'old' : 'other'
    }
    for (const path of ['/profile', '/keys']) {
      const { page } = await stage.openSignedIn(path, { baseURL: front.origin })
      await page.getByRole('heading', { level: 1 }).waitFor()
      await page.getByRole('link', { name: 'API tokens', exact: true }).click()
      await page.getByRole('heading', { name: 'API tokens' }).waitFor()
    }
  })

  test('that lost a file is told, and does not load the page again and again', async () => {
    next = () => 'old'
    const { page } = await stage.openSignedIn('/profile', { baseURL: front.origin })
    await page.getByText('No account is linked yet').waitFor()
    await page.route('**/assets/keys-page*.js', (route) => route.fulfill({ status: 404, body: '{}' }))
    const loads = countLoads(page)
    await page.getByRole('link', { name: 'SSH keys', exact: true }).click()
    await page.getByRole('button', { name: 'Reload' }).waitFor()
    expect(loads()).toBe(2)
    await page.unroute('**/assets/keys-page*.js')
    await page.getByRole('button', { name: 'Reload' }).click()
    await page.getByText('No keys yet').waitFor()
  })

  test('during which nobody answers leaves the tab as it is, with a way to go on', async () => {
    next = () => 'old'
    const { page } = await stage.openSignedIn('/profile', { baseURL: front.origin })
    await page.getByText('No account is linked yet').waitFor()
    const loads = countLoads(page)
    await page.route('**/assets/**', (route) => route.abort())
    await page.getByRole('link', { name: 'SSH keys', exact: true }).click()
    await page.getByRole('button', { name: 'Reload' }).waitFor()
    await page.getByRole('link', { name: 'Profile', exact: true }).click()
    await page.getByText('No account is linked yet').waitFor()
    expect(loads()).toBe(0)
  })
})
