// Asks a trusted issuer for its public keys, through the transport and its address policy like every other request.

import type { JSONWebKeySet } from 'jose'
import { membersOf } from '../../platforms/answers.ts'
import type { Transport } from '../../platforms/transport/transport.ts'

/**
 * Takes ten seconds at most, since calls are waiting. Throws a `Failure` of the transport, or an `Error` whose message holds
 * nothing that the issuer has sent.
 */
export async function fetchKeys(
  transport: Transport,
  { issuer, jwksUri }: { issuer: string; jwksUri: string | null },
): Promise<JSONWebKeySet> {
  const deadline = Date.now() + transport.limits.headers
  const address = jwksUri ?? (await discoverKeys(transport, issuer, deadline))
  const { keys } = await getJson(transport, address, deadline)
  if (!Array.isArray(keys)) throw new Error('the answer is no set of keys')
  return { keys }
}

/** OpenID Connect Discovery, section 4. What the document says of other issuers is not believed (section 4.3). */
async function discoverKeys(transport: Transport, issuer: string, deadline: number): Promise<string> {
  const document = await getJson(transport, `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, deadline)
  if (document.issuer === undefined) throw new Error('there is no discovery document')
  if (document.issuer !== issuer) throw new Error('the discovery document is of another issuer')
  const { jwks_uri: address } = document
  if (typeof address !== 'string' || !/^https?:$/.test(URL.parse(address)?.protocol ?? '')) {
    throw new Error('the discovery document has no jwks_uri')
  }
  return address
}

async function getJson(transport: Transport, address: string, deadline: number): Promise<Record<string, unknown>> {
  const { limits } = transport
  const url = new URL(address)
  const { status, body } = await transport.probe({
    method: 'GET',
    url,
    headers: { accept: 'application/json, application/jwk-set+json' },
    body: null,
    endpoint: transport.endpointOf(url),
    maxBytes: limits.object,
    scope: 'issuer',
    root: url.origin,
    deadline,
  })
  if (status !== 200) throw new Error(`status ${status}`)
  return membersOf(body)
}
