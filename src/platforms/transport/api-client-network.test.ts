// Names and certificates: where a call really goes, and what its user reads when it does not arrive.

import { beforeEach, describe, expect, test, vi } from 'vitest'
import { json, serve, serveTcp, type TestServer } from '../../../test/support/fault-server.ts'
import { createIdentity, type Identity } from '../../../test/support/test-certificates.ts'
import { AUTHORITY, fails, failureOf, getItem, testTransports } from '../../../test/support/transports.ts'
import type { FailureCode } from '../../failure.ts'
import { send } from './send.ts'

const { logged, keep, open, serveItem } = testTransports()

describe('names', () => {
  let server: TestServer
  beforeEach(async () => {
    server = keep(await serve((_request, response) => json(response, { id: 1 })))
  })

  test('a permitted one is connected where it resolves to', async () => {
    const transport = open(`http://gitlab.test:${server.port}`, { lookup: async () => ['127.0.0.1'] })
    expect((await getItem(transport, `http://gitlab.test:${server.port}`)).body.id).toBe(1)
  })

  test.each<[string, () => Promise<string[]>, FailureCode, string, number]>([
    // what it resolves to, code, words, look-ups
    ['does not exist', fails('ENOTFOUND'), 'scm_unreachable', 'gitlab.test is a name that does not exist', 1],
    ['has no address', async () => [], 'scm_unreachable', 'gitlab.test is a name that does not exist', 1],
    ['has no name server', fails('EAI_AGAIN'), 'scm_unreachable', 'name server gave no answer for gitlab.test', 3],
    ['is slow', () => new Promise(() => {}), 'scm_unreachable', 'name server gave no answer for gitlab.test', 1],
    ['is private', async () => ['10.0.0.7'], 'scm_address_refused', 'gitlab.test is on a private network', 1],
    ['is partly private', async () => ['8.8.8.8', '10.0.0.7'], 'scm_address_refused', 'on a private network', 1],
    ['is loopback', async () => ['::1'], 'scm_address_refused', 'add "gitlab.test:8443" to ALLOWED_HOSTS', 1],
    ['is metadata', async () => ['169.254.169.254'], 'scm_address_refused', 'never contacts', 1],
  ])('one that %s', async (_name, lookup, code, words, lookups) => {
    const counted = vi.fn(lookup)
    const failure = await failureOf(getItem(open('', { lookup: counted }), 'https://gitlab.test:8443'))
    expect(failure).toMatchObject({ code, message: expect.stringContaining(words) })
    expect(failure.message).not.toMatch(/10\.0\.0\.7|169\.254|secret/)
    expect(counted).toHaveBeenCalledTimes(lookups)
  })

  test('the operator reads host, address, range and the setting to add', async () => {
    await failureOf(getItem(open('', { lookup: async () => ['10.0.0.7'] }), 'https://gitlab.test'))
    expect(logged[0]).toEqual([
      'scm_address_refused',
      { host: 'gitlab.test', port: 443, address: '10.0.0.7', range: 'private', setting: 'ALLOWED_HOSTS=gitlab.test' },
    ])
  })

  test.each([
    'https://127.0.0.1',
    'https://2130706433',
    'https://[::1]',
    'https://[::ffff:7f00:1]',
    'https://169.254.169.254',
  ])('the literal address %s is refused without any look-up, for GET and POST', async (root) => {
    const lookup = vi.fn(async () => ['8.8.8.8'])
    const transport = open('', { lookup })
    expect((await failureOf(getItem(transport, root))).code).toBe('scm_address_refused')
    expect((await failureOf(send(transport, { method: 'POST', url: `${root}/x`, headers: {} }))).code).toBe(
      'scm_address_refused',
    )
    expect(lookup).not.toHaveBeenCalled()
  })

  test('a look-up that rebinds between two calls reaches nothing', async () => {
    const answers = [['127.0.0.1'], ['169.254.169.254']]
    const root = `http://gitlab.test:${server.port}`
    const transport = open(root, { lookup: async () => answers.shift() ?? [] })
    const post = () => send(transport, { method: 'POST', url: `${root}/token`, headers: {} })
    expect((await post()).status).toBe(200)
    expect((await failureOf(post())).code).toBe('scm_address_refused')
    expect(server.seen.length).toBe(1)
  })
})

const trusted = { issuer: AUTHORITY, hosts: ['gitlab.test', '127.0.0.1'] }

describe('certificates', () => {
  const lookup = async () => ['127.0.0.1']

  test.each<[string, Identity, string]>([
    [
      'self-signed',
      createIdentity('gitlab.test', { hosts: ['gitlab.test'] }),
      'Ask the operator to add the authority to EXTRA_CA_CERTS',
    ],
    [
      'of an unknown authority',
      createIdentity('gitlab.test', { ...trusted, issuer: createIdentity('Other', {}) }),
      'EXTRA_CA_CERTS',
    ],
    ['expired', createIdentity('gitlab.test', { ...trusted, from: -9, to: -2 }), 'TLS certificate that has expired'],
    [
      'not valid yet',
      createIdentity('gitlab.test', { ...trusted, from: 2, to: 9 }),
      'TLS certificate that is not valid yet',
    ],
    [
      'for another name',
      createIdentity('x', { ...trusted, hosts: ['evil.test'] }),
      'TLS certificate for another host name',
    ],
  ])('one that is %s ends the call before the token is sent', async (_name, identity, words) => {
    const server = await serveItem(identity)
    const transport = open(`gitlab.test:${server.port}`, { lookup, extraCaCerts: AUTHORITY.cert })
    const failure = await failureOf(getItem(transport, `https://gitlab.test:${server.port}`))
    expect(failure).toMatchObject({ code: 'scm_unreachable', message: expect.stringContaining(words) })
    expect(server.seen).toEqual([])
    await vi.waitFor(async () => expect(await server.open()).toBe(0), { interval: 5 })
  })

  test.each(['gitlab.test', '127.0.0.1'])('one of an authority in EXTRA_CA_CERTS serves %s', async (host) => {
    const server = await serveItem(createIdentity('gitlab.test', trusted))
    const transport = open(`${host}:${server.port}`, { lookup, extraCaCerts: AUTHORITY.cert })
    expect((await getItem(transport, `https://${host}:${server.port}`)).body.id).toBe(1)
    const untrusting = open(`${host}:${server.port}`, { lookup })
    expect((await failureOf(getItem(untrusting, `https://${host}:${server.port}`))).message).toContain('EXTRA_CA_CERTS')
  })

  test('a port that speaks plain http', async () => {
    const server = keep(await serve((_request, response) => json(response, { id: 1 })))
    const failure = await failureOf(
      getItem(open(`gitlab.test:${server.port}`, { lookup }), `https://gitlab.test:${server.port}`),
    )
    expect(failure).toMatchObject({ code: 'scm_unreachable', message: expect.stringContaining('does not speak TLS') })
  })

  test('a port that never finishes the handshake', async () => {
    const server = keep(await serveTcp())
    const failure = await failureOf(
      getItem(open(`gitlab.test:${server.port}`, { lookup }), `https://gitlab.test:${server.port}`),
    )
    expect(failure).toMatchObject({
      code: 'scm_unreachable',
      message: expect.stringContaining('did not accept a connection'),
    })
    await vi.waitFor(async () => expect(await server.open()).toBe(0), { interval: 5 })
  })
})
