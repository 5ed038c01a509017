// For tests of TLS: makes certificates good and bad on the spot, so that none expires in the repository.

import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

export interface Identity {
  name: string
  cert: string
  key: string
  privateKey: KeyObject
}

export interface CertificateOptions {
  /** Host names and addresses it is for; none makes it an authority. */
  hosts?: string[]
  /** Who signs; itself by default. */
  issuer?: Identity
  /** Days from now; from -1 to 1 by default. */
  from?: number
  to?: number
}

export function createIdentity(name: string, { hosts = [], issuer, from = -1, to = 1 }: CertificateOptions): Identity {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = sequence(oid('2a8648ce3d040302')) // ecdsa-with-SHA256
  const extensions = sequence(
    extension('551d13', sequence(...(hosts.length === 0 ? [der(0x01, Buffer.from([0xff]))] : []))), // basicConstraints
    ...(hosts.length === 0 ? [] : [extension('551d11', sequence(...hosts.map(alternativeName)))]),
  )
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), // v3
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    distinguishedName(issuer?.name ?? name),
    sequence(time(from), time(to)),
    distinguishedName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  )
  const signature = sign('sha256', body, issuer?.privateKey ?? privateKey)
  const certificate = sequence(body, algorithm, der(0x03, Buffer.from([0]), signature))
  const lines = certificate.toString('base64').replace(/.{1,64}/g, '$&\n')
  return {
    name,
    cert: `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    privateKey,
  }
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function sequence(...parts: Buffer[]): Buffer {
  return der(0x30, ...parts)
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}

function extension(hex: string, value: Buffer): Buffer {
  return sequence(oid(hex), der(0x04, value))
}

function alternativeName(host: string): Buffer {
  return isIP(host) ? der(0x87, Buffer.from(ipaddr.parse(host).toByteArray())) : der(0x82, Buffer.from(host))
}

function distinguishedName(name: string): Buffer {
  return sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(name))))) // commonName
}

function time(days: number): Buffer {
  const date = new Date(Date.now() + days * 86_400_000)
  const text = date
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replace(/[-:T]/g, '')
  return der(0x17, Buffer.from(text.slice(2)))
}
