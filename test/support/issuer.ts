// A trusted issuer on loopback, for tests: its keys, its discovery document, and JWTs of it.

import type { ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose'
import { serve } from './fault-server.ts'
import { type Answer, type Service, send } from './service.ts'

export const AUDIENCE = 'https://forge.example'

type Claims = Record<string, unknown>
type PrivateKey = Awaited<ReturnType<typeof generateKeyPair>>['privateKey']

export interface SigningKey {
  privateKey: PrivateKey
  jwk: JWK
}

export interface TestIssuer {
  issuer: string
  /** The first of them signs. */
  keys: SigningKey[]
  /** Paths asked for so far. */
  seen: string[]
  /** Answers instead of the discovery document or the keys; undefined from it: as usual. */
  trouble: ((path: string, response: ServerResponse) => true | undefined) | null
  /** A new key in place of the others. */
  rotate(): Promise<SigningKey>
  /** A JWT for an hour; a claim that is undefined is left out. */
  sign(claims?: Claims, header?: Partial<JWTHeaderParameters>, key?: SigningKey): Promise<string>
  close(): Promise<void>
}

export async function newKey(kid: string, alg = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

export async function startIssuer(): Promise<TestIssuer> {
  let count = 1
  const server = await serve(({ url = '' }, response) => {
    if (issuer.trouble?.(url, response)) return
    const documents: Record<string, object> = {
      '/.well-known/openid-configuration': { issuer: issuer.issuer, jwks_uri: `${issuer.issuer}/jwks` },
      '/jwks': { keys: issuer.keys.map(({ jwk }) => jwk) },
    }
    const found = documents[url]
    response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(found ?? {}))
  })
  const issuer: TestIssuer = {
    issuer: server.origin,
    keys: [await newKey('key-1')],
    seen: server.seen,
    trouble: null,
    async rotate() {
      count += 1
      const key = await newKey(`key-${count}`)
      issuer.keys = [key]
      return key
    },
    sign(claims = {}, header = {}, key = issuer.keys[0]) {
      if (!key) throw new Error('the issuer has no key')
      const { alg = 'ES256', kid } = key.jwk
      return new SignJWT(claimsFor(issuer.issuer, claims))
        .setProtectedHeader({ alg, typ: 'JWT', ...(kid !== undefined && { kid }), ...header })
        .sign(key.privateKey)
    },
    close: server.close,
  }
  return issuer
}

/** For an hour from now on. */
export function claimsFor(issuer: string, claims: Claims): Claims {
  const now = Math.floor(Date.now() / 1000)
  return { iss: issuer, aud: AUDIENCE, sub: 'ada', iat: now, exp: now + 3600, ...claims }
}

/** TRUSTED_ISSUERS with a rule for each; the members that a rule does not name have the issuer's values. */
export function trusting(issuer: TestIssuer, ...rules: object[]): { TRUSTED_ISSUERS: string } {
  const all = rules.length === 0 ? [{}] : rules
  return {
    TRUSTED_ISSUERS: JSON.stringify(all.map((rule) => ({ issuer: issuer.issuer, audience: AUDIENCE, ...rule }))),
  }
}

export function ask(
  service: Service,
  jwt: string,
  path = '/v1/users/self',
  method = 'GET',
  body?: unknown,
): Promise<Answer> {
  return send(method, `${service.url}${path}`, body, { authorization: `Bearer ${jwt}` })
}
