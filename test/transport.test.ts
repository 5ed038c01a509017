// How requests may arrive, and what is answered before any slice has a say (sections 1 and 3 of the API contract).

import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Account, Service } from './support/service.ts'
import { describeOnBothEngines, send, startService } from './support/service.ts'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAfexDk/yLKoUeFUWpuVVL7FUXHbTAUk4z/m3fJMmkNc'

describeOnBothEngines('transport', (engine) => {
  let service: Service
  let alice: Account

  beforeAll(async () => {
    service = await startService(engine)
    alice = await service.addAccount('alice')
  })
  afterAll(() => service.close())

  /** The raw answer to raw bytes. */
  async function raw(request: string | Buffer): Promise<string> {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1')
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', () => undefined)
    socket.write(request)
    await once(socket, 'close')
    return Buffer.concat(chunks).toString()
  }

  const JSON_TYPE = { 'content-type': 'application/json' }
  const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }

  it.each([
    ['GET', '/v1/keys', JSON_TYPE, 200],
    ['GET', '/v1/keys?', JSON_TYPE, 200],
    ['GET', '//v1/keys', JSON_TYPE, 200],
    ['GET', '/v1//keys', {}, 200],
    ['GET', '/v1/keys/', {}, 200],
    ['DELETE', '/v1/keys/x', JSON_TYPE, 404],
    ['DELETE', '/v1/keys/x', FORM_TYPE, 404],
    ['DELETE', '/v1/keys/x', { 'content-type': 'foo' }, 404],
    ['PROPFIND', '/v1/keys', {}, 405],
    ['POST', '/v1/scm_integrations/x/import_keys', JSON_TYPE, 404],
    ['POST', '/v1/scm_integrations/x/import_keys', FORM_TYPE, 404],
    ['POST', '/v1/scm_integrations/x/orgs', { ...JSON_TYPE, 'content-length': '0' }, 404],
    ['PATCH', '/v1/tokens/x/renew', FORM_TYPE, 404],
    ['POST', '/v1/keys', JSON_TYPE, 422],
    ['POST', '/v1/keys', FORM_TYPE, 422],
  ])('%s %s with %j and no body is %i', async (method, path, headers, status) => {
    const text = [
      `${method} ${path} HTTP/1.1`,
      'Host: x',
      'Connection: close',
      `Authorization: Bearer ${alice.bearer}`,
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      '\r\n',
    ].join('\r\n')
    expect(await raw(text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  })

  const missingRoot = { errors: { key: ['missing field'] }, error: 'key missing field' }
  it.each<[string, string | Buffer, Record<string, string>, number, unknown]>([
    ['empty', '', {}, 422, missingRoot],
    ['[]', '[]', {}, 422, missingRoot],
    ['null', 'null', {}, 422, missingRoot],
    ['a string', '"x"', {}, 422, missingRoot],
    ['another root', '{"keys":{}}', {}, 422, missingRoot],
    ['a root that is no object', '{"key":[]}', {}, 422, missingRoot],
    ['__proto__', '{"__proto__":{"name":"x"}}', {}, 422, missingRoot],
    ['{', '{', {}, 400, 'bad_json'],
    ['a trailing comma', '{"key":{"name":"x",}}', {}, 400, 'bad_json'],
    ['two objects', '{}{}', {}, 400, 'bad_json'],
    ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), {}, 400, 'bad_json'],
    ['depth 40', `${'{"key":'.repeat(40)}1${'}'.repeat(40)}`, {}, 400, 'bad_json'],
    ['65 kB', JSON.stringify({ key: { name: 'x'.repeat(65_536) } }), {}, 413, undefined],
    ['a form', 'name=x', FORM_TYPE, 415, undefined],
    ['multipart', '--x--', { 'content-type': 'multipart/form-data; boundary=x' }, 415, undefined],
    ['text', 'x', { 'content-type': 'text/plain' }, 415, undefined],
    ['of no type at all', 'x', { 'content-type': '; charset=utf-8' }, 415, undefined],
    ['of two types', '{}', { 'content-type': 'application/json, text/plain' }, 415, undefined],
    ['of a type that is none', '{}', { 'content-type': 'foo' }, 415, undefined],
    ['an encoded body', '{}', { 'content-encoding': 'gzip' }, 415, undefined],
  ])('a body that is %s', async (_case, body, headers, status, expected) => {
    const answer = await alice.call('POST', '/v1/keys', body, headers)
    expect(answer.status).toBe(status)
    if (expected === 'bad_json') {
      expect(answer.json.code).toBe('bad_json')
      expect(answer.json.error).toMatch(/^There was a problem in the JSON you submitted: /)
    } else if (expected) {
      expect(answer.json).toEqual(expected)
    } else {
      expect(Object.keys(answer.json)).toEqual(['error'])
    }
  })

  it('takes a BOM, charset, +json types, wrapped and bare bodies, and ignores unknown and server-set members', async () => {
    const wrapped = await alice.call(
      'POST',
      '/v1/keys',
      `\uFEFF${JSON.stringify({ key: { name: 'n', content: KEY, id: 'x' }, x: 1 })}`,
      {
        'content-type': 'application/vnd.api+json; charset=utf-8',
      },
    )
    expect(wrapped.status).toBe(201)
    expect(wrapped.json.key.id).not.toBe('x')
    const bare = await alice.call('POST', '/v1/keys', { name: 'n', content: KEY })
    expect([bare.status, bare.json.code]).toEqual([409, 'key_exists'])
  })

  it('never repeats what was sent in an error about JSON', async () => {
    const answer = await alice.call('POST', '/v1/keys', '{"key":{"content": ghp_secret}}')
    expect(answer.status).toBe(400)
    expect(answer.text).not.toContain('ghp_')
  })

  it('refuses a declared 99 MB without reading it', async () => {
    const answer = await raw(
      `POST /v1/keys HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${alice.bearer}\r\nContent-Type: application/json\r\nContent-Length: 99000000\r\n\r\n{`,
    )
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
    expect(answer).toContain('{"error":')
  })

  it.each([
    ['GET', '/v1/nothing'],
    ['GET', '/v1/keys/%zz'],
    ['POST', '/v2/keys'],
  ])('%s %s is 404 and says so without naming a resource', async (method, path) => {
    const answer = await alice.call(method, path)
    expect(answer.status).toBe(404)
    expect(Object.keys(answer.json)).toEqual(['error'])
  })

  const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'

  it.each(['/nothing-here', '/users/bitbucket/link'])('%s is a page of ours for a browser', async (path) => {
    const answer = await send('GET', `${service.url}${path}`, undefined, { accept: BROWSER })
    expect([answer.status, answer.headers.get('vary')]).toEqual([404, 'Accept'])
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(answer.text).toContain('<h1>No such page</h1>')
  })

  it.each([
    ['GET', '/nothing-here', '*/*'],
    ['GET', '/nothing-here', 'application/json, text/html;q=0.5'],
    ['GET', '/v1/nothing', BROWSER],
    ['POST', '/nothing-here', BROWSER],
  ])('%s %s with Accept: %s stays JSON', async (method, path, accept) => {
    const answer = await send(method, `${service.url}${path}`, undefined, { accept })
    expect(answer.status).toBe(404)
    expect(answer.json).toEqual({ error: 'There is nothing at this address. /openapi.json lists what there is.' })
  })

  it('has an icon for browsers that look for one', async () => {
    const answer = await send('GET', `${service.url}/favicon.ico`)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'image/svg+xml'])
  })

  it.each([
    ['PUT', '/v1/keys', 'GET, HEAD, POST'],
    ['DELETE', '/v1/scm_integrations', 'GET, HEAD, POST'],
    ['PUT', '/v1/tokens/exchange', 'DELETE, GET, HEAD, POST'],
    ['POST', '/v1/users/self', 'GET, HEAD, PATCH'],
    ['POST', '/v1/scm_integrations/x/branches', 'GET, HEAD'],
    ['OPTIONS', '/v1/keys', 'GET, HEAD, POST'],
  ])('%s %s is 405 with Allow: %s', async (method, path, allow) => {
    const answer = await send(method, `${service.url}${path}`)
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow])
    expect(Object.keys(answer.json)).toEqual(['error'])
  })

  it('asks for credentials before it reads the body or looks for the object', async () => {
    for (const [method, path] of [
      ['GET', '/v1/scm_integrations'],
      ['POST', '/v1/scm_integrations'],
      ['GET', '/v1/keys/x'],
      ['POST', '/v1/tokens'],
    ] as const) {
      const answer = await send(method, `${service.url}${path}`, method === 'POST' ? '{' : undefined)
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    }
  })

  it('echoes a sensible X-Request-Id and makes one otherwise', async () => {
    const id = async (value: string) =>
      (await send('GET', `${service.url}/healthz`, undefined, { 'x-request-id': value })).headers.get('x-request-id')
    expect(await id('abc-123')).toBe('abc-123')
    expect(await id('x'.repeat(129))).toMatch(/^[0-9a-f-]{36}$/)
    expect(await id('a b"c')).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('answers JSON to what is not HTTP, too large a header, and too long an address', async () => {
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400 [\s\S]*{"error":/)
    const large = `GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`
    expect(await raw(large)).toMatch(/^HTTP\/1.1 431 [\s\S]*{"error":/)
    const long = await alice.call('GET', `/v1/scm_integrations/x/orgs?page=${'1'.repeat(9_000)}`)
    expect([long.status, Object.keys(long.json)]).toEqual([414, ['error']])
  })

  it('answers to other origins only when the operator names them, and then without cookies', async () => {
    const preflight = { origin: 'https://portal.example', 'access-control-request-method': 'GET' }
    const closed = await send('GET', `${service.url}/v1/regions`, undefined, preflight)
    expect(closed.headers.get('access-control-allow-origin')).toBeNull()
    const open = await startService(engine, { CORS_ORIGINS: 'https://portal.example' })
    const allowed = await send('OPTIONS', `${open.url}/v1/keys`, undefined, preflight)
    expect([allowed.status, allowed.headers.get('access-control-allow-origin')]).toEqual([
      204,
      'https://portal.example',
    ])
    expect(allowed.headers.get('access-control-allow-credentials')).toBeNull()
    expect(allowed.headers.get('access-control-allow-methods')).toContain('DELETE')
    const docs = await send('GET', `${open.url}/openapi.json`, undefined, preflight)
    expect(docs.headers.get('access-control-allow-origin')).toBeNull()
    expect((await send('OPTIONS', `${open.url}/nothing`, undefined, preflight)).status).toBe(404)
    const other = await send('GET', `${open.url}/v1/regions`, undefined, { origin: 'https://evil.example' })
    expect(other.headers.get('access-control-allow-origin')).toBeNull()
    await open.close()
  })

  it('describes the API as OpenAPI 3.1, and tells its health', async () => {
    const description = await send('GET', `${service.url}/openapi.json`)
    expect(description.json.openapi).toBe('3.1.0')
    expect(Object.keys(description.json.paths)).toContain('/v1/scm_integrations/{id}/search_repos')
    const page = await send('GET', `${service.url.replace('127.0.0.1', 'localhost')}/docs`)
    expect([page.status, page.text.includes('GET /v1/scm_integrations/{id}')]).toEqual([200, true])
    expect((await send('GET', `${service.url}/healthz`)).json).toEqual({ status: 'ok' })
    expect((await send('GET', `${service.url}/readyz`)).json).toEqual({ status: 'ok' })
  })
})
