// Whose certificates are trusted: Node's own list of authorities, and the operator's.

import { rootCertificates } from 'node:tls'

/** For TLS options; empty without authorities of the operator. `extraCaCerts`: PEM text. */
export function authoritiesWith(extraCaCerts: string | null): { ca?: string[] } {
  return extraCaCerts === null ? {} : { ca: [...rootCertificates, extraCaCerts] }
}
