// Reliability sections 3 and 8: where a picture of an account may be fetched from, whatever the platform says.

import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type Browser, openBrowser } from '../support/browser.ts'
import { json } from '../support/fault-server.ts'
import { type Outside, startOutside } from '../support/outside.ts'
import { type Account, type Service, startService } from '../support/service.ts'

const PNG = Buffer.from('89504e470d0a1a0a00', 'hex')
const HOSTS = [
  'gitlab.corp.lan',
  'other.corp.lan',
  'pictures.example.net',
  'forgelink.example.com',
  'names.example.com',
]

let outside: Outside
let service: Service
let account: Account
let browser: Browser
let avatarUrl = ''
/** Paths and hosts that were asked for a picture. */
const asked: string[] = []

beforeAll(async () => {
  outside = await startOutside()
  const server = await outside.servePlatform(HOSTS, (request, response) => {
    const path = request.url ?? ''
    if (path === '/gitlab/api/v4/user') return json(response, { id: 7, username: 'octo', avatar_url: avatarUrl })
    if (path.includes('/api/v4/')) return json(response, { scopes: ['read_api'] })
    asked.push(`${request.headers.host}${path}`)
    if (path.includes('leads-out')) return response.writeHead(302, { location: '/admin' }).end()
    return response.writeHead(200, { 'content-type': 'image/png' }).end(PNG)
  })
  const addresses = ['10.0.0.7', '10.0.0.8', '93.184.216.34', '93.184.216.35', '93.184.216.36']
  for (const [index, host] of HOSTS.entries()) {
    outside.names.set(host, [addresses[index] ?? ''])
    outside.putAt(server, addresses[index] ?? '')
  }
  const names = { PUBLIC_URL: 'https://forgelink.example.com', SERVER_NAMES: 'names.example.com' }
  const settings = { ...outside.settings, ALLOWED_HOSTS: 'private', ...names }
  service = await startService('SQLite', settings, outside.options)
  outside.network.exempt(service.url)
  account = await service.addAccount('alice')
  browser = openBrowser(service)
  const form = { login: 'alice', password: account.password }
  await browser.submit(await browser.get('/sign-in'), form, { origin: 'https://forgelink.example.com' })
})
afterAll(async () => {
  await service.close()
  await outside.close()
})
beforeEach(async () => {
  for (const { id } of (await account.call('GET', '/v1/scm_integrations')).json.scm_integrations)
    await account.call('DELETE', `/v1/scm_integrations/${id}`)
  asked.splice(0)
})

async function pictureOf(address: string): Promise<string | null> {
  avatarUrl = address
  const link = {
    scm_type: 'gitlab-self-hosted',
    url: 'https://gitlab.corp.lan/gitlab',
    access_token: `t-${Date.now()}`,
  }
  const { json: made } = await account.call('POST', '/v1/scm_integrations', { scm_integration: link })
  const answer = await browser.get(`/avatars/${made.scm_integration.id}`)
  expect(answer.status).toBe(200)
  return answer.headers.get('content-type')
}

it.each([
  ['below the platform’s own root', 'https://gitlab.corp.lan/gitlab/uploads/a.png'],
  ['at a public address', 'https://pictures.example.net/a.png'],
])('a picture %s is fetched', async (_where, address) => {
  expect(await pictureOf(address)).toBe('image/png')
  expect(asked).toEqual([address.replace('https://', '')])
})

it.each([
  ['at the platform’s origin outside of its root', 'https://gitlab.corp.lan/admin'],
  ['that leaves the root by dots', 'https://gitlab.corp.lan/gitlab/../admin'],
  ['on another host that ALLOWED_HOSTS opened for platforms', 'https://other.corp.lan/a.png'],
  ['at an address that ALLOWED_HOSTS opened', 'https://10.0.0.8/a.png'],
  ['at our own address', 'https://forgelink.example.com/a.png'],
  ['at our own address with the root’s dot', 'https://forgelink.example.com./a.png'],
  ['at a name of SERVER_NAMES', 'https://names.example.com/a.png'],
])('a picture %s is not fetched', async (_where, address) => {
  expect(await pictureOf(address)).toBe('image/svg+xml; charset=utf-8')
  expect(asked).toEqual([])
})

it('a picture that redirects out of the platform’s root is not followed there', async () => {
  expect(await pictureOf('https://gitlab.corp.lan/gitlab/leads-out')).toBe('image/svg+xml; charset=utf-8')
  expect(asked).toEqual(['gitlab.corp.lan/gitlab/leads-out'])
})
