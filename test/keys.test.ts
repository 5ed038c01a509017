// SSH keys through HTTP (section 5 of the API contract).

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Account, Service } from './support/service.ts'
import { describeOnBothEngines, startService } from './support/service.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const NIL_UUID = '00000000-0000-0000-0000-000000000000'

/** Made for these tests; the private halves were thrown away. The fingerprints are ssh-keygen's. */
const ED25519 = {
  content: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfexDk/yLKoUeFUWpuVVL7FUXHbTAUk4z/m3fJMmkNc',
  fingerprint: '4e:0d:78:d0:f4:94:8c:42:df:b4:d8:93:06:a8:93:8f',
  fingerprint_sha256: 'SHA256:PG9nL2WXe6+iZGxizPuDckXjs+QVSb+g8KcWqWj7imM',
}
const ECDSA = {
  content:
    'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHbNcebw9PvsusZhbrt87baWVIh5oToodbIg95JUkKE8MMcH2TyKj6CtC+Dn5bhJHSCgwLA3cEsvGbsGY9khKSs=',
  fingerprint: 'a0:f1:57:8b:4a:a4:c7:46:4a:87:90:cf:ae:22:12:dd',
  fingerprint_sha256: 'SHA256:QrfKMhnSIeYzFmx2p9ZEyLQOatuJ95Kq5jK+LikfSto',
}

/** Any ed25519 key: 32 bytes that tell it from others. */
function ed25519(byte: number): string {
  const point = Buffer.alloc(32, byte)
  return `ssh-ed25519 ${Buffer.concat([Buffer.from('0000000b7373682d6564323535313900000020', 'hex'), point]).toString('base64')}`
}

describeOnBothEngines('SSH keys', (engine) => {
  let service: Service
  let alice: Account
  let bob: Account

  beforeAll(async () => {
    service = await startService(engine)
    alice = await service.addAccount('alice')
    bob = await service.addAccount('bob')
  })
  afterAll(() => service.close())

  /** A key of Alice's that no other test makes. */
  async function addKey(byte: number, name = `key ${byte}`): Promise<{ id: string; content: string }> {
    const content = ed25519(byte)
    const { status, json } = await alice.call('POST', '/v1/keys', { key: { name, content } })
    expect(status).toBe(201)
    return json.key
  }

  async function contents(): Promise<string[]> {
    const { json } = await alice.call('GET', '/v1/keys')
    return json.keys.map((key: { content: string }) => key.content)
  }

  it('adds, lists, shows and removes keys', async () => {
    const carol = await service.addAccount('carol')
    expect(await carol.call('GET', '/v1/keys')).toMatchObject({ status: 200, text: '{"keys":[]}' })

    const laptop = await carol.call('POST', '/v1/keys', { key: { name: 'laptop', content: ED25519.content } })
    const token = await carol.call('POST', '/v1/keys', { key: { name: 'work', content: `${ECDSA.content} c@work` } })
    expect([laptop.status, token.status]).toEqual([201, 201])
    const owner = { id: carol.id, email: 'carol@example.test', username: 'carol' }
    const common = { id: expect.stringMatching(UUID), created_at: expect.stringMatching(TIME), owner }
    expect(laptop.json).toEqual({ key: { ...ED25519, ...common, name: 'laptop' } })
    expect(token.json).toEqual({ key: { ...ECDSA, ...common, content: `${ECDSA.content} c@work`, name: 'work' } })
    expect(Object.keys(laptop.json.key)).toEqual([
      'id',
      'name',
      'content',
      'fingerprint',
      'created_at',
      'owner',
      'fingerprint_sha256',
    ])

    const listed = await carol.call('GET', '/v1/keys')
    expect([listed.status, listed.json]).toEqual([200, { keys: [laptop.json.key, token.json.key] }])
    const path = `/v1/keys/${laptop.json.key.id}`
    for (const spelling of [path, path.toUpperCase().replace('/V1/KEYS', '/v1/keys'), `/${path}/`]) {
      expect(await carol.call('GET', spelling)).toMatchObject({ status: 200, json: laptop.json })
    }

    expect(await carol.call('DELETE', path)).toMatchObject({ status: 204, text: '' })
    for (const method of ['GET', 'DELETE']) {
      expect(await carol.call(method, path)).toMatchObject({
        status: 404,
        text: '{"resource":"key","error":"not found"}',
      })
    }
    expect((await carol.call('GET', '/v1/keys')).json).toEqual({ keys: [token.json.key] })
    const again = await carol.call('POST', '/v1/keys', { key: { name: 'laptop', content: ED25519.content } })
    expect(again.status).toBe(201)
    expect(again.json.key.id).not.toBe(laptop.json.key.id)
  })

  it.each([
    ['wrapped', 1, (key: object) => ({ key })],
    ['bare', 2, (key: object) => key],
    ['wrapped beside other members', 3, (key: object) => ({ key, name: 'other', content: 'other' })],
  ])('takes a body that is %s', async (_case, byte, body) => {
    const key = { name: 'n', content: ed25519(byte) }
    const { status, json } = await alice.call('POST', '/v1/keys', body(key))
    expect(status).toBe(201)
    expect(json.key).toMatchObject(key)
  })

  it.each([
    ['no comment', 10, ''],
    ['a comment with spaces and other scripts', 11, '  Anna’s  laptop, 世界 🔑 <b>&amp;\\u0041 '],
    ['a tab', 12, '\tanna'],
    ['a newline', 13, ' anna\n'],
    ['CR LF', 14, ' anna\r\n'],
    ['empty lines after it', 15, ' anna\n\r\n \t\n'],
    ['a space before it', 16, '', ' '],
    ['empty lines around it', 17, '\n', '\r\n \t\n'],
    ['two spaces between its words', 18, '  anna  laptop', '', '  '],
  ])('stores and answers content byte for byte: %s', async (_case, byte, end, start = '', between = ' ') => {
    const content = start + ed25519(byte).replace(' ', between) + end
    const added = await alice.call('POST', '/v1/keys', { key: { name: 'n', content } })
    expect(added.status).toBe(201)
    const shown = await alice.call('GET', `/v1/keys/${added.json.key.id}`)
    expect([added.json.key.content, shown.json.key.content]).toEqual([content, content])
    expect(await contents()).toContain(content)
  })

  it('cannot be told id, owner, time or fingerprint', async () => {
    const { json } = await alice.call('POST', '/v1/keys', {
      key: {
        name: 'n',
        content: ed25519(20),
        id: NIL_UUID,
        owner: { id: bob.id },
        owner_id: bob.id,
        created_at: '2000-01-01T00:00:00.000Z',
        fingerprint: 'x',
        fingerprint_sha256: 'x',
      },
    })
    expect(json.key.id).not.toBe(NIL_UUID)
    expect(json.key.owner).toEqual({ id: alice.id, email: alice.email, username: 'alice' })
    expect(json.key.created_at > '2024').toBe(true)
    expect(json.key.fingerprint).toMatch(/^([0-9a-f]{2}:){15}[0-9a-f]{2}$/)
    expect(json.key.fingerprint_sha256).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/)
  })

  it.each([
    ['the same', 'again', ''],
    ['another name and comment', 'other', ' other comment\n'],
    ['white space around it', 'other', '\n\n'],
  ])('answers 409 key_exists to a fingerprint that is there: %s', async (_case, name, end) => {
    const { content } = (await alice.call('GET', '/v1/keys')).json.keys[0] ?? (await addKey(21))
    const before = await contents()
    const answer = await alice.call('POST', '/v1/keys', { key: { name, content: `${content.trimEnd()}${end}` } })
    expect(answer).toMatchObject({
      status: 409,
      json: { error: 'You have a key with this fingerprint already.', code: 'key_exists' },
    })
    expect(Object.keys(answer.json)).toEqual(['error', 'code'])
    expect(await contents()).toEqual(before)
  })

  const CONTROL = 'has control characters in its comment: send it without them'
  const content = ed25519(30)
  it.each<[string, unknown, Record<string, unknown>]>([
    ['nothing', undefined, { key: ['missing field'] }],
    ['an empty object', {}, { key: ['missing field'] }],
    ['another root', { ssh_key: { name: 'n', content } }, { key: ['missing field'] }],
    ['a root that is null', { key: null }, { key: ['missing field'] }],
    ['an empty root', { key: {} }, { name: ['is missing'], content: ['is missing'] }],
    ['no name', { key: { content } }, { name: ['is missing'] }],
    ['no content', { name: 'n' }, { content: ['is missing'] }],
    ['nulls', { key: { name: null, content: null } }, { name: ['must be a string'], content: ['must be a string'] }],
    ['numbers', { key: { name: 1, content: 2 } }, { name: ['must be a string'], content: ['must be a string'] }],
    [
      'arrays',
      { key: { name: ['n'], content: [content] } },
      { name: ['must be a string'], content: ['must be a string'] },
    ],
    [
      'empty texts',
      { key: { name: '', content: '' } },
      { name: ['must not be empty'], content: ['must not be empty'] },
    ],
    ['a blank name', { key: { name: ' \t', content } }, { name: [expect.stringMatching(/^must not /)] }],
    ['a name of two lines', { key: { name: 'a\nb', content } }, { name: ['must not contain control characters'] }],
    ['a name with NUL', { key: { name: 'a\0b', content } }, { name: ['must not contain control characters'] }],
    ['half a character', { key: { name: 'a\ud800', content } }, { name: ['must not contain control characters'] }],
    ['a name of 256', { key: { name: 'x'.repeat(256), content } }, { name: ['is too long (at most 255 characters)'] }],
    ['content with NUL', { key: { name: 'n', content: `${content} \0` } }, { content: [CONTROL] }],
    ['half a character in content', { key: { name: 'n', content: `${content} \udc00` } }, { content: [CONTROL] }],
    [
      'a comment that turns the terminal red',
      { key: { name: 'n', content: `${content} \u001b[31manna` } },
      { content: [CONTROL] },
    ],
    [
      'a comment that turns the text around it',
      { key: { name: 'n', content: `${content} \u202eanna` } },
      { content: [CONTROL] },
    ],
    [
      'two keys with empty lines around',
      { key: { name: 'n', content: `\n${content}\n\n${content}\n` } },
      { content: [expect.stringMatching(/^is not one/)] },
    ],
    [
      'two keys',
      { key: { name: 'n', content: `${content}\n${content}` } },
      { content: [expect.stringMatching(/^is not one/)] },
    ],
    [
      'options',
      { key: { name: 'n', content: `no-pty ${content}` } },
      { content: [expect.stringMatching(/^is not one/)] },
    ],
    [
      'ssh-dss',
      { key: { name: 'n', content: content.replace('ed25519', 'dss') } },
      { content: [expect.stringMatching(/^has a type that is not taken/)] },
    ],
    [
      'a damaged key',
      { key: { name: 'n', content: content.slice(0, -4) } },
      { content: [expect.stringMatching(/^is damaged/)] },
    ],
    [
      '60 kB',
      { key: { name: 'n', content: 'x'.repeat(60_000) } },
      { content: ['is too long (at most 8192 characters)'] },
    ],
  ])('refuses %s, and stores nothing', async (_case, body, errors) => {
    const before = await contents()
    const answer = await alice.call('POST', '/v1/keys', body)
    expect(answer.status).toBe(422)
    expect(answer.json).toEqual({ errors, error: expect.stringMatching(new RegExp(`^${Object.keys(errors)[0]} `)) })
    expect(await contents()).toEqual(before)
  })

  it('takes a name of 255 characters', async () => {
    expect(await addKey(40, 'ä'.repeat(255))).toMatchObject({ name: 'ä'.repeat(255) })
  })

  it('refuses a private key, and neither repeats nor stores any of it', async () => {
    const canary = 'Y2FuYXJ5LXByaXZhdGUta2V5LWJ5dGVz'
    const pem = `-----BEGIN OPENSSH PRIVATE KEY-----\n${canary}\n-----END OPENSSH PRIVATE KEY-----\n`
    for (const sent of [pem, `${ed25519(41)}\n${pem}`, `\r\n ${pem}`]) {
      const answer = await alice.call('POST', '/v1/keys', { key: { name: 'oops', content: sent } })
      expect(answer.status).toBe(422)
      expect(answer.json.errors.content[0]).toMatch(/^is a private key: keep it to yourself/)
      expect(answer.text).not.toContain(canary)
    }
    const { content: stored } = await addKey(42, 'canary-name')
    const [, base64 = ''] = stored.split(' ')
    const everything = await readStore(service)
    // What is stored is found where it is looked for, so that what is not found is not there.
    expect([base64, 'canary-name'].map((text) => everything.includes(text))).toEqual([true, true])
    for (const secret of [canary, 'PRIVATE KEY', 'oops'])
      expect([secret, everything.includes(secret)]).toEqual([secret, false])
  })

  it.each([
    ['somebody else’s', () => bobsKey],
    ['the nil UUID', () => NIL_UUID],
    ['no UUID', () => 'x'],
    ['quotes', () => '%27%22%3B--'],
    ['dots', () => '%2e%2e%2f'],
    ['a slash', () => 'a%2Fb'],
    ['NUL', () => '%00'],
    ['NUL after an own id', () => `${alicesKey}%00`],
    ['a space after an own id', () => `${alicesKey}%20`],
    ['half a character', () => '%ed%a0%80'],
    ['101 characters', () => 'x'.repeat(101)],
    ['a token’s', () => tokenId],
  ])('answers the same bytes to every id that is not one of the caller’s: %s', async (_case, id) => {
    for (const method of ['GET', 'DELETE']) {
      const answer = await alice.call(method, `/v1/keys/${id()}`)
      expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/json; charset=utf-8'])
      if (id() !== '%ed%a0%80') expect(answer.text).toBe('{"resource":"key","error":"not found"}')
    }
    expect((await bob.call('GET', `/v1/keys/${bobsKey}`)).status).toBe(200)
    expect((await alice.call('GET', `/v1/keys/${alicesKey}`)).status).toBe(200)
  })
  let bobsKey = ''
  let alicesKey = ''
  let tokenId = ''
  beforeAll(async () => {
    bobsKey = (await bob.call('POST', '/v1/keys', { name: 'of bob', content: ED25519.content })).json.key.id
    alicesKey = (await addKey(50)).id
    tokenId = (await alice.call('GET', '/v1/tokens')).json.tokens[0].id
  })

  it('lets two users have the same key, and one removes only their own', async () => {
    const dave = await service.addAccount('dave')
    const [his, hers] = await Promise.all(
      [dave, alice].map((user) => user.call('POST', '/v1/keys', { key: { name: 'shared', content: ed25519(51) } })),
    )
    expect([his?.status, hers?.status]).toEqual([201, 201])
    expect(his?.json.key.id).not.toBe(hers?.json.key.id)
    expect((await dave.call('GET', '/v1/keys')).json.keys.map((key: { name: string }) => key.name)).toEqual(['shared'])
    expect((await dave.call('DELETE', `/v1/keys/${his?.json.key.id}`)).status).toBe(204)
    expect((await alice.call('GET', `/v1/keys/${hers?.json.key.id}`)).status).toBe(200)
  })

  it('adds one of twenty creates of the same key at once, and answers 409 to nineteen', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        alice.call('POST', '/v1/keys', { key: { name: `n${n}`, content: `${ed25519(52)} n${n}` } }),
      ),
    )
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([201, ...new Array(19).fill(409)])
    for (const { status, json } of answers) if (status === 409) expect(json.code).toBe('key_exists')
    expect((await contents()).filter((each) => each.startsWith(ed25519(52)))).toHaveLength(1)
  })

  it('answers 204 to one of five removals at once, and 404 to four', async () => {
    const { id } = await addKey(53)
    const answers = await Promise.all(Array.from({ length: 5 }, () => alice.call('DELETE', `/v1/keys/${id}`)))
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 404, 404, 404, 404])
  })
})

/** All that the store holds: SQLite's files as they are, write-ahead log included, or PostgreSQL's rows. */
async function readStore({ engine, dataDir, services }: Service): Promise<string> {
  if (engine === 'SQLite') {
    const files = readdirSync(dataDir).filter((name) => name.startsWith('forgelink.db'))
    expect(files).toContain('forgelink.db-wal')
    return files.map((name) => readFileSync(join(dataDir, name), 'latin1')).join('\n')
  }
  const { rows } = await sql<{ text: string }>`select keys::text as text from keys`.execute(services.database)
  return rows.map(({ text }) => text).join('\n')
}
