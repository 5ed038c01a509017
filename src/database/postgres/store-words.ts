// Why PostgreSQL cannot be used, in words for the operator, by the code that drivers and TLS give.

/** PostgreSQL's answer to a client that asks for TLS, and to one that does not: they have no code of their own. */
export const NO_TLS = 'NO_TLS'
export const TLS_REQUIRED = 'TLS_REQUIRED'

const UNKNOWN_AUTHORITY =
  'The certificate of PostgreSQL is from an authority that is not known here. Name a PEM file with the certificate of that authority in DATABASE_URL: ?sslmode=verify-full&sslrootcert=/path/ca.pem'

/** Whole sentences; what to do comes last. */
const WORDS: Record<string, string> = {
  [NO_TLS]:
    'This PostgreSQL offers no TLS. Turn it on there ("ssl = on"), or on a network that you trust set sslmode=disable in DATABASE_URL.',
  [TLS_REQUIRED]:
    'This PostgreSQL takes no connection without TLS from here (pg_hba.conf). Add ?sslmode=verify-full to DATABASE_URL.',
  // https://docs.openssl.org/3.0/man1/openssl-verification-options/ has these, and what each means.
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'The certificate of PostgreSQL is self-signed. If it is the right one, name its PEM file in DATABASE_URL: ?sslmode=verify-full&sslrootcert=/path/server.crt',
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  CERT_HAS_EXPIRED: 'The certificate of PostgreSQL has expired. Have it renewed.',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'The certificate of PostgreSQL is for another host name than that of DATABASE_URL. Write the name that it is made for.',
  // https://www.postgresql.org/docs/current/errcodes-appendix.html
  '28P01': 'PostgreSQL rejects the user or the password of DATABASE_URL.',
  '28000': 'PostgreSQL does not let this user in from here (pg_hba.conf).',
  '3D000': 'There is no database of the name in DATABASE_URL. Create it first.',
}

/** undefined for a code that says nothing more than that the store is not available. */
export function storeWords(code: string | number | undefined): string | undefined {
  return code === undefined ? undefined : WORDS[code]
}
