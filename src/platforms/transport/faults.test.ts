import { expect, test } from 'vitest'
import { Failure } from '../../failure.ts'
import { coded, readFault } from './faults.ts'

const ENDPOINT = { host: 'ghe.test', port: 8443, proxied: false }

// code of the error, code of the failure, words, asked again, counts as no answer, nothing was sent
test.each<[string, string, string, boolean, boolean, boolean]>([
  ['ENOTFOUND', 'scm_unreachable', 'ghe.test is a name that does not exist', false, false, true],
  ['EAI_AGAIN', 'scm_unreachable', 'The name server gave no answer', true, true, true],
  ['EAI_MEMORY', 'scm_unreachable', 'The name server gave no answer', true, true, true],
  ['ECONNREFUSED', 'scm_unreachable', 'refuses connections on port 8443', true, true, true],
  ['EHOSTUNREACH', 'scm_unreachable', "cannot be reached on port 8443 from this server's network", true, true, true],
  ['CONNECT_TIMEOUT', 'scm_unreachable', 'did not accept a connection on port 8443', false, true, true],
  ['ECONNRESET', 'scm_unreachable', 'closed the connection', true, true, false],
  ['UND_ERR_SOCKET', 'scm_unreachable', 'closed the connection', true, true, false],
  ['UND_ERR_HEADERS_TIMEOUT', 'scm_unreachable', 'did not answer in time', false, true, false],
  ['CALL_TIMEOUT', 'scm_unreachable', 'did not answer in time', false, true, false],
  ['DEADLINE', 'scm_unreachable', 'did not answer in time', false, false, false],
  ['ESTRANGE', 'scm_unreachable', 'could not be reached', false, true, false],
  ['CERT_HAS_EXPIRED', 'scm_unreachable', 'has expired', false, false, true],
  ['CERT_REVOKED', 'scm_unreachable', 'is not valid', false, false, true],
  ['INVALID_PURPOSE', 'scm_unreachable', 'is not valid', false, false, true],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'scm_unreachable', 'EXTRA_CA_CERTS', false, false, true],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'scm_unreachable', 'another host name', false, false, true],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'scm_unreachable', 'does not speak TLS', false, false, true],
  ['EPROTO', 'scm_unreachable', 'does not speak TLS', false, false, true],
  ['Z_DATA_ERROR', 'scm_bad_response', 'compression is broken', false, false, false],
  ['HPE_INVALID_CONSTANT', 'scm_bad_response', 'not as a web server does', false, false, false],
  ['UND_ERR_DESTROYED', 'scm_unavailable', 'shutting down', false, false, false],
  ['EMFILE', 'overloaded', 'too many connections', false, false, true],
  ['UND_ERR_INVALID_ARG', 'internal', 'Internal error', false, false, false],
])('%s', (code, failureCode, words, again, noAnswer, unsent) => {
  const { failure, ...rest } = readFault(Object.assign(new Error('secret 10.0.0.7'), { code }), ENDPOINT)
  expect(failure).toMatchObject({ code: failureCode, message: expect.stringContaining(words) })
  expect(rest).toEqual({ again, noAnswer, unsent })
  expect(`${failure.message}${String(failure.details.cause)}`).not.toContain('secret')
})

test.each(['ENOTFOUND', 'ECONNREFUSED', 'CONNECT_TIMEOUT', 'EHOSTUNREACH'])(
  '%s behind a proxy is about the proxy',
  (code) => {
    const { failure } = readFault(coded(code), { ...ENDPOINT, proxied: true })
    expect(failure.message).toBe(
      'The outgoing proxy of this server cannot be reached. Ask the operator to check HTTPS_PROXY.',
    )
  },
)

test.each<[unknown, string]>([
  [new Failure('scm_forbidden', 'no'), 'scm_forbidden'],
  [new TypeError('secret'), 'internal'],
  ['secret', 'internal'],
  [undefined, 'internal'],
  [{ code: 7 }, 'internal'],
])('%s becomes %s', (error, code) => {
  expect(readFault(error, ENDPOINT).failure.code).toBe(code)
})
