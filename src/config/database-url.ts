// Reads DATABASE_URL.

import { readFileSync } from 'node:fs'
import { shown } from './values.ts'

/** Finds mistakes that the driver would find only later, and report in its own words. */
export function parseDatabaseUrl(text: string): string {
  const url = URL.parse(text)
  if (!/^postgres(ql)?:\/\//.test(text) || !url) {
    throw new Error(
      'must be an address such as postgres://user:password@host:5432/database; write %, @, :, / and # of a password as %25, %40, %3A, %2F and %23',
    )
  }
  for (const part of [url.username, url.password, url.hostname, url.pathname]) {
    if (!isDecodable(part)) throw new Error('has a % in it that is not followed by a character; write % itself as %25')
  }
  for (const name of ['sslcert', 'sslkey', 'sslrootcert']) {
    const file = url.searchParams.get(name)
    if (file && !isReadable(file)) throw new Error(`names a file as ${name} that cannot be read: ${shown(file)}`)
  }
  return withSslMode(text, url)
}

/** What `sslmode` may be, and what it is to us. https://node-postgres.com/features/ssl */
const SSL_MODES: Record<string, string> = {
  disable: 'disable',
  'no-verify': 'no-verify',
  'verify-full': 'verify-full',
  // pg takes them for verify-full and warns that its next major version will check less; here they stay what they are:
  // https://github.com/brianc/node-postgres/pull/3473
  prefer: 'verify-full',
  require: 'verify-full',
  'verify-ca': 'verify-full',
}

/** The address with a `sslmode` whose meaning does not depend on the driver's version. */
function withSslMode(text: string, { searchParams }: URL): string {
  const mode = searchParams.get('sslmode')
  // Who asks for libpq's meaning of them gets that.
  if (mode === null || searchParams.get('uselibpqcompat') === 'true') return text
  const meant = SSL_MODES[mode]
  if (meant === undefined) throw new Error(`must have a sslmode that is one of ${Object.keys(SSL_MODES).join(', ')}`)
  return text.replace(/([?&]sslmode=)[^&]*/, `$1${meant}`)
}

/** The driver accepts a % that is not followed by two digits, unchanged. */
function isDecodable(part: string): boolean {
  try {
    decodeURIComponent(part.replace(/%(?![0-9a-f]{2})/gi, '%25'))
    return true
  } catch {
    return false
  }
}

function isReadable(file: string): boolean {
  try {
    readFileSync(file)
    return true
  } catch {
    return false
  }
}
