// Name and picture of a user through HTTP: editing them, the trail, and the picture from our own address.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Browser, openBrowser, ownAddress } from '../support/browser.ts'
import type { TestServer } from '../support/fault-server.ts'
import { type Outside, startOutside } from '../support/outside.ts'
import { type Account, describeOnBothEngines, type Service, startService } from '../support/service.ts'
import { addService } from '../support/service-tokens.ts'

describeOnBothEngines('name and picture', (engine) => {
  let service: Service
  let ada: Account
  let browser: Browser

  beforeAll(async () => {
    service = await startService(engine, await ownAddress())
    ada = await service.addAccount('ada')
    browser = openBrowser(service)
    await browser.signIn(ada)
  })
  afterAll(() => service.close())

  it('are edited by a bearer and by a session, which needs the CSRF token and no password', async () => {
    const { database } = service.services
    await database
      .updateTable('sessions')
      .set({ createdAt: new Date(Date.now() - 600_000).toISOString() })
      .execute()
    const first = { fullname: 'Ada Lovelace 👩‍💻', avatar_url: 'https://pictures.example/ada.png?size=64' }
    const edited = await ada.call('PATCH', '/v1/users/self', { user: first })
    expect([edited.status, edited.json.user]).toEqual([200, expect.objectContaining({ ...first, username: 'ada' })])

    const { status, json } = await browser.call('PATCH', '/v1/users/self', { user: { fullname: 'A. L.' } })
    expect([status, json.user]).toMatchObject([200, { ...first, fullname: 'A. L.' }])
    const forged = await browser.call('PATCH', '/v1/users/self', { fullname: 'x' }, { 'x-csrf-token': 'x' })
    expect([forged.status, forged.json.code]).toEqual([403, 'csrf'])
    const both = await browser.call('PATCH', '/v1/users/self', { user: { fullname: 'x', username: 'countess' } })
    expect([both.status, both.json.code]).toEqual([403, 'password_required'])

    const none = await browser.call('PATCH', '/v1/users/self', { user: { fullname: null, avatar_url: null } })
    expect(none.json.user).toMatchObject({ fullname: 'ada', avatar_url: null })
    const { events } = (await ada.call('GET', '/v1/events?type=edit_profile')).json
    // The address's query may give access to the picture.
    const stored = 'https://pictures.example/ada.png'
    expect(events.map(({ type_data, via }: Record<string, unknown>) => [type_data, via])).toEqual([
      [{ fullname: null, avatar_url: null }, 'session'],
      [{ fullname: 'A. L.', avatar_url: stored }, 'session'],
      [{ fullname: first.fullname, avatar_url: stored }, 'api_token'],
    ])
  })

  it('are not edited by somebody who acts for the user', async () => {
    const call = await (await addService(service)).actFor({ id: ada.id })
    const answer = await call('PATCH', '/v1/users/self', { user: { fullname: 'Mallory' } })
    expect([answer.status, answer.json.code]).toEqual([403, 'forbidden_for_delegate'])
  })

  it.each([
    ['fullname', '', 'must not be empty'],
    ['fullname', ' \t', 'must not be empty'],
    ['fullname', 'x'.repeat(101), 'is too long (at most 100 characters)'],
    ['fullname', 'a\nb', 'must be one line, without control characters'],
    ['fullname', 'a\u202eb', 'must be one line, without control characters'],
    ['avatar_url', '', 'is not an https address'],
    ['avatar_url', 'http://pictures.example/a.png', 'is not an https address'],
    ['avatar_url', 'data:image/png;base64,AA==', 'is not an https address'],
    ['avatar_url', 'https://a:b@pictures.example/', 'must not have a user name or a password in it'],
    ['avatar_url', `https://pictures.example/${'x'.repeat(2048)}`, 'is too long (at most 2048 characters)'],
  ])('refuse a wrong %s', async (field, value, message) => {
    const { status, json } = await ada.call('PATCH', '/v1/users/self', { user: { [field]: value } })
    expect([status, json.errors]).toEqual([422, { [field]: [message] }])
  })
})

describe('the picture of a user', () => {
  const PNG = Buffer.from('\x89PNG\r\n\x1a\nrest', 'latin1')
  let outside: Outside
  let pictures: TestServer
  let count = 0
  let service: Service
  let ada: Account
  let browser: Browser

  beforeAll(async () => {
    outside = await startOutside()
    pictures = await outside.servePlatform(['pictures.example', 'inside.example'], (request, response) => {
      response.end(request.url?.startsWith('/ada.png') ? PNG : '<svg xmlns="http://www.w3.org/2000/svg"/>')
    })
    outside.names.set('pictures.example', ['93.184.216.34'])
    outside.names.set('inside.example', ['10.1.2.3'])
    for (const address of ['93.184.216.34', '10.1.2.3']) outside.putAt(pictures, address)
    const address = await ownAddress()
    outside.network.exempt(address.PUBLIC_URL ?? '')
    const settings = { ...address, ...outside.settings, ALLOWED_HOSTS: 'inside.example' }
    service = await startService('SQLite', settings, outside.options)
    ada = await service.addAccount('ada')
    browser = openBrowser(service)
    await browser.signIn(ada)
  })
  afterAll(async () => {
    await service?.close()
    await outside?.close()
  })

  async function pictureAt(avatar_url: string | null) {
    outside.forget()
    pictures.seen.splice(0)
    await ada.call('PATCH', '/v1/users/self', { user: { fullname: 'Ada Lovelace', avatar_url } })
    const { status, headers, text } = await browser.get(`/avatars/${ada.id}`)
    return [status, headers.get('content-type'), text.includes('>AL</text>')]
  }

  it('comes from our own address', async () => {
    // Another address at each try: pictures are kept.
    const query = `?${++count}`
    expect(await pictureAt(`https://pictures.example/ada.png${query}`)).toEqual([200, 'image/png', false])
    expect(pictures.seen).toEqual([`GET /ada.png${query}`])
  })

  it.each([
    ['there is none', null],
    ['it is an SVG, which can run scripts', 'https://pictures.example/ada.svg'],
    // The operator has allowed it for platforms, and not for whatever a user names.
    ['its address is on a private network', 'https://inside.example/ada.png'],
    ['its address is one of this machine', 'https://127.0.0.1/ada.png'],
  ])('is initials when %s', async (_case, address) => {
    expect(await pictureAt(address)).toEqual([200, 'image/svg+xml; charset=utf-8', true])
    expect(outside.network.contacts.filter((contact) => !contact.startsWith('93.'))).toEqual([])
  })

  it('is for the user alone', async () => {
    const other = openBrowser(service)
    await other.signIn(await service.addAccount('eve'))
    expect((await other.get(`/avatars/${ada.id}`)).status).toBe(404)
    expect((await openBrowser(service).get(`/avatars/${ada.id}`)).status).toBe(401)
  })
})
