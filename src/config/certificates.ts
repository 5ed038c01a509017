// Reads the file that EXTRA_CA_CERTS names.

import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { shown } from './values.ts'

/** PEM of certificate authorities. Read at the start, so that a missing file stops the start. */
export function readPem(path: string): string {
  let pem: string
  try {
    pem = readFileSync(path, 'utf8')
  } catch {
    throw new Error(`names a file that cannot be read: ${shown(path)}`)
  }
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]*(-----END CERTIFICATE-----)?/g) ?? []
  if (certificates.length === 0) throw new Error(`names a file without a PEM certificate: ${shown(path)}`)
  try {
    for (const certificate of certificates) new X509Certificate(certificate)
  } catch {
    throw new Error(`names a file with a certificate that cannot be read: ${shown(path)}`)
  }
  return pem
}
