// No forged JWT of a trusted issuer is accepted: RFC 8725, and docs/platforms-in-front.md.

import { createHmac, createPublicKey } from 'node:crypto'
import { CompactSign } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  AUDIENCE,
  ask,
  claimsFor,
  newKey,
  type SigningKey,
  startIssuer,
  type TestIssuer,
  trusting,
} from '../support/issuer.ts'
import { type Service, startService } from '../support/service.ts'

/** Besides ES256 and RS256. */
const ALGORITHMS = ['PS256', 'RS512', 'ES384', 'ES512', 'EdDSA', 'Ed25519']

let issuer: TestIssuer
let other: TestIssuer
let attacker: SigningKey
let service: Service

beforeAll(async () => {
  issuer = await startIssuer()
  other = await startIssuer()
  issuer.keys.push(await newKey('rsa-1', 'RS256'))
  for (const alg of ALGORITHMS) issuer.keys.push(await newKey(alg, alg))
  attacker = await newKey('key-1')
  const both = [issuer, other].flatMap((each) => JSON.parse(trusting(each, { create_users: true }).TRUSTED_ISSUERS))
  service = await startService('SQLite', { TRUSTED_ISSUERS: JSON.stringify(both) })
  await service.addAccount('administrator')
})
afterAll(async () => {
  await service.close()
  await issuer.close()
  await other.close()
})

const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
const seconds = (offset: number) => Math.floor(Date.now() / 1000) + offset
const first = () => issuer.keys[0] as SigningKey
const rsa = () => issuer.keys[1] as SigningKey

/** Signed by the issuer, with a payload that needs not be what a JWT may hold. */
function signText(payload: string, header: object = {}): Promise<string> {
  return new CompactSign(Buffer.from(payload))
    .setProtectedHeader({ alg: 'ES256', kid: 'key-1', ...header })
    .sign(first().privateKey)
}

/** HS256 with a text that the attacker knows. */
function signHmac(secret: string, header: object = {}): string {
  const text = `${part({ alg: 'HS256', typ: 'JWT', kid: 'rsa-1', ...header })}.${part(claimsFor(issuer.issuer, {}))}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

const withHeader = (header: object) => issuer.sign({}, header, attacker)
const text = (claims: object = {}) => JSON.stringify(claimsFor(issuer.issuer, claims as Record<string, unknown>))

const forged: [name: string, make: () => string | Promise<string>][] = [
  ['alg none, without a signature', () => `${part({ alg: 'none' })}.${part(text())}.`],
  ['alg None, with the key id', () => `${part({ alg: 'None', kid: 'key-1' })}.${part(text())}.`],
  [
    'alg none, with the signature of another',
    async () => `${part({ alg: 'none' })}.${part(text())}.${(await issuer.sign()).split('.')[2]}`,
  ],
  ['no alg', () => `${part({ kid: 'key-1' })}.${part(text())}.x`],
  ['the signature left out', async () => (await issuer.sign()).replace(/[^.]*$/, '')],
  [
    'other claims under the signature',
    async () => {
      const [header, , signature] = (await issuer.sign()).split('.')
      return [header, part(text({ sub: 'administrator' })), signature].join('.')
    },
  ],
  [
    'HS256 with the public key as PEM',
    () => signHmac(String(createPublicKey({ key: rsa().jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' }))),
  ],
  ['HS256 with the public key as JWK', () => signHmac(JSON.stringify(rsa().jwk))],
  ['HS256 with an empty secret', () => signHmac('')],
  ['HS256 with the issuer, and the key id of our own', () => signHmac('x', { kid: 'test' })],
  ['a key of the attacker under the key id', () => issuer.sign({}, {}, attacker)],
  ['a key of the attacker without a key id', () => issuer.sign({}, { kid: undefined } as object, attacker)],
  ['the key id of the other issuer', () => issuer.sign({}, { kid: 'key-1' }, other.keys[0])],
  ['iss of the other issuer', () => issuer.sign({ iss: other.issuer })],
  ['a key id that is not text', () => withHeader({ kid: 1 })],
  ['a key id that is a path', () => withHeader({ kid: '../../dev/null' })],
  ['a key of the other issuer under an id of its own', () => issuer.sign({}, { kid: 'only-there' }, other.keys[0])],
  ['jku of the attacker', () => withHeader({ jku: 'https://attacker.example/jwks' })],
  ['x5u of the attacker', () => withHeader({ x5u: 'https://attacker.example/cert' })],
  ['jwk of the attacker', () => withHeader({ jwk: attacker.jwk })],
  ['x5c of the attacker', () => withHeader({ x5c: ['MIIB'] })],
  [
    'crit that nobody knows',
    () =>
      new CompactSign(Buffer.from(text()))
        .setProtectedHeader({ alg: 'ES256', kid: 'key-1', crit: ['x'], x: 1 })
        .sign(first().privateKey, { crit: { x: true } }),
  ],
  [
    'crit with b64',
    () =>
      new CompactSign(Buffer.from(text()))
        .setProtectedHeader({ alg: 'ES256', kid: 'key-1', crit: ['b64'], b64: true })
        .sign(first().privateKey),
  ],
  ['typ of a logout token', () => issuer.sign({}, { typ: 'logout+jwt' })],
  ['typ of a proof', () => issuer.sign({}, { typ: 'dpop+jwt' })],
  ['iss missing', () => issuer.sign({ iss: undefined })],
  ['iss with a slash', () => issuer.sign({ iss: `${issuer.issuer}/` })],
  ['iss in capitals', () => issuer.sign({ iss: issuer.issuer.toUpperCase() })],
  ['iss as a list', () => issuer.sign({ iss: [issuer.issuer] })],
  ['iss of PUBLIC_URL', () => issuer.sign({ iss: service.config.publicUrl })],
  ['aud missing', () => issuer.sign({ aud: undefined })],
  ['aud of another', () => issuer.sign({ aud: 'https://other.example' })],
  ['aud with a slash', () => issuer.sign({ aud: `${AUDIENCE}/` })],
  ['aud as a list of others', () => issuer.sign({ aud: ['https://other.example', `${AUDIENCE}.evil.example`] })],
  ['aud as an empty list', () => issuer.sign({ aud: [] })],
  ['aud as an object', () => issuer.sign({ aud: { [AUDIENCE]: true } })],
  ['aud of our own JWTs', () => issuer.sign({ aud: 'forgelink' })],
  ['exp missing', () => issuer.sign({ exp: undefined })],
  ['exp as text', () => issuer.sign({ exp: String(seconds(60)) })],
  ['exp null', () => issuer.sign({ exp: null })],
  ['exp without an end', () => signText(text().replace(/"exp":\d+/, '"exp":1e999'))],
  ['exp past', () => issuer.sign({ iat: seconds(-3600), exp: seconds(-31) })],
  ['exp more than 24 hours after iat', () => issuer.sign({ exp: seconds(86_401) })],
  ['iat missing', () => issuer.sign({ iat: undefined })],
  ['iat as text', () => issuer.sign({ iat: '1' })],
  ['iat in the future', () => issuer.sign({ iat: seconds(60) })],
  ['iat long ago', () => issuer.sign({ iat: seconds(-86_400), exp: seconds(60) })],
  ['nbf in the future', () => issuer.sign({ nbf: seconds(60) })],
  ['nbf as text', () => issuer.sign({ nbf: '0' })],
  ['an embedded JWS', async () => signText(await issuer.sign(), { cty: 'JWT' })],
  ['a list of claims', () => signText(`[${text()}]`)],
  ['no JSON', () => signText('ada')],
  ['nesting without end', () => signText('['.repeat(2_000))],
  [
    'nesting without end beside the claims',
    () => `${part({ alg: 'ES256' })}.${part(text().replace('{', `{"x":${'['.repeat(2500)}${']'.repeat(2500)},`))}.x`,
  ],
  ['a claim twice', () => signText(text().replace('{', '{"sub":"administrator",'))],
  ['a claim twice, once escaped', () => signText(text().replace('{', '{"s\\u0075b":"administrator",'))],
  ['a claim twice within another', () => signText(text().replace('{', '{"act":{"sub":"x","sub":"y"},'))],
  ['12 kB', () => issuer.sign({ padding: 'x'.repeat(9_000) })],
  ['four parts', async () => `${await issuer.sign()}.x`],
  ['five parts, as of a JWE', async () => `${await issuer.sign()}.x.x`],
  ['two parts', async () => (await issuer.sign()).split('.').slice(0, 2).join('.')],
  [
    'JSON instead of three parts',
    async () => {
      const [header, payload, signature] = (await issuer.sign()).split('.')
      return part({ protected: header, payload, signature })
    },
  ],
  ['padding of base64', async () => (await issuer.sign()).replace('.', '=.')],
]

it.each(forged)('is not accepted: %s', async (_name, make) => {
  const before = await service.services.database.selectFrom('users').select('id').execute()
  const answer = await ask(service, await make())
  expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  expect(await service.services.database.selectFrom('users').select('id').execute()).toEqual(before)
})

it.each<[string, () => string | Promise<string>]>([
  ['as it is', () => issuer.sign()],
  ['without typ', () => issuer.sign({}, { typ: undefined } as object)],
  ['with the typ of RFC 9068', () => issuer.sign({}, { typ: 'application/at+jwt' })],
  ['by the other key', () => issuer.sign({}, {}, rsa())],
  ...ALGORITHMS.map((alg): [string, () => Promise<string>] => [
    `signed by ${alg}`,
    () =>
      issuer.sign(
        {},
        {},
        issuer.keys.find(({ jwk }) => jwk.alg === alg),
      ),
  ]),
  ['with our audience among others', () => issuer.sign({ aud: ['https://other.example', AUDIENCE] })],
  ['of 24 hours', () => issuer.sign({ exp: seconds(86_400) })],
  ['expired within the leeway', () => issuer.sign({ iat: seconds(-3600), exp: seconds(-20) })],
  ['from a clock that is ahead within the leeway', () => issuer.sign({ iat: seconds(20), nbf: seconds(20) })],
  ['with a jku, which is not looked at', () => issuer.sign({}, { jku: 'http://127.0.0.1:9/jwks' })],
  ['with braces, quotes and colons in a claim', () => issuer.sign({ note: '{"sub":"x","sub":\\"' })],
])('is accepted: %s', async (_name, make) => {
  const answer = await ask(service, await make())
  expect([answer.status, answer.json.user.username]).toEqual([200, 'ada'])
})
