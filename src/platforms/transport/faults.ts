// Turns a network error into a Failure whose sentence says how to fix it.

import { Failure, type FailureCode } from '../../failure.ts'
import type { Call, Endpoint, Guard } from './guard.ts'

/** How a call ended that got no usable response. */
export interface Fault {
  failure: Failure
  /** Whether an immediate retry may help. A time-out is not retried: it has used up the caller's time. */
  again: boolean
  /** Whether the origin did not answer, which the circuit breaker counts as a failure. */
  noAnswer: boolean
  /** Whether it failed before any byte of the request was sent. */
  unsent: boolean
}

/** An error that carries only a code, such as `DNS_TIMEOUT`. */
export function coded(code: string): Error {
  return Object.assign(new Error(code), { code })
}

interface Row {
  sentence: (endpoint: Endpoint) => string
  code?: FailureCode
  again?: true
  noAnswer?: true
  unsent?: true
  /** It failed while connecting; behind a proxy that means connecting to the proxy. */
  way?: true
}

const check = 'Check the address'

const noSuchName: Row = {
  sentence: ({ host }) => `${host} is a name that does not exist as seen from this server. ${check}.`,
  unsent: true,
  way: true,
}
const dnsDown: Row = {
  sentence: ({ host }) => `The name server gave no answer for ${host}. Try again later, or check the address.`,
  again: true,
  noAnswer: true,
  unsent: true,
  way: true,
}
const noRoute: Row = {
  sentence: ({ host, port }) => `${host} cannot be reached on port ${port} from this server's network.`,
  again: true,
  noAnswer: true,
  unsent: true,
  way: true,
}
const connectTimeout: Row = {
  sentence: ({ host, port }) =>
    `${host} did not accept a connection on port ${port} in time. ${check} and its firewall.`,
  noAnswer: true,
  unsent: true,
  way: true,
}
const dropped: Row = {
  sentence: ({ host }) => `${host} closed the connection before it had answered. Try again later.`,
  again: true,
  noAnswer: true,
}
const slow: Row = { sentence: ({ host }) => `${host} did not answer in time. Try again later.`, noAnswer: true }
const selfSigned: Row = {
  sentence: ({ host }) =>
    `${host} shows a TLS certificate that is self-signed or from an authority this server does not know. Ask the operator to add the authority to EXTRA_CA_CERTS.`,
  unsent: true,
}
const badCertificate: Row = {
  sentence: ({ host }) => `${host} shows a TLS certificate that is not valid. Its administrator has to replace it.`,
  unsent: true,
}
const noTls: Row = {
  sentence: ({ host, port }) => `${host} does not speak TLS (https) on port ${port}. ${check} and port.`,
  unsent: true,
}
const notHttp: Row = {
  sentence: ({ host }) => `${host} answered, but not as a web server does. ${check} and port.`,
  code: 'scm_bad_response',
}
const corrupt: Row = {
  sentence: ({ host }) => `${host} sent an answer whose compression is broken.`,
  code: 'scm_bad_response',
}

const unreachable: Row = { sentence: ({ host }) => `${host} could not be reached. Try again later.`, noAnswer: true }
const exhausted: Row = {
  sentence: () => 'This server has too many connections open. Try again later.',
  code: 'overloaded',
  unsent: true,
}

const ROWS: Record<string, Row> = {
  ENOTFOUND: noSuchName,
  ENODATA: noSuchName,
  EAI_AGAIN: dnsDown,
  EAI_FAIL: dnsDown,
  DNS_TIMEOUT: { sentence: dnsDown.sentence, noAnswer: true, unsent: true, way: true },
  ECONNREFUSED: {
    sentence: ({ host, port }) => `${host} refuses connections on port ${port}. ${check} and port.`,
    again: true,
    noAnswer: true,
    unsent: true,
    way: true,
  },
  EHOSTUNREACH: noRoute,
  ENETUNREACH: noRoute,
  EADDRNOTAVAIL: noRoute,
  EACCES: noRoute,
  EPERM: noRoute,
  CONNECT_TIMEOUT: connectTimeout,
  ETIMEDOUT: connectTimeout,
  UND_ERR_CONNECT_TIMEOUT: connectTimeout,
  CONNECT_RESET: {
    sentence: ({ host, port }) =>
      `${host} closed the connection on port ${port} before it was set up. ${check} and port.`,
    again: true,
    noAnswer: true,
    unsent: true,
    way: true,
  },
  ECONNRESET: dropped,
  ECONNABORTED: dropped,
  EPIPE: dropped,
  UND_ERR_SOCKET: dropped,
  ERR_STREAM_PREMATURE_CLOSE: dropped,
  EMFILE: exhausted,
  ENFILE: exhausted,
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: dropped,
  UND_ERR_HEADERS_TIMEOUT: slow,
  UND_ERR_BODY_TIMEOUT: slow,
  CALL_TIMEOUT: slow,
  DEADLINE: { sentence: slow.sentence },
  CERT_HAS_EXPIRED: {
    sentence: ({ host }) => `${host} shows a TLS certificate that has expired. Its administrator has to renew it.`,
    unsent: true,
  },
  CERT_NOT_YET_VALID: {
    sentence: ({ host }) => `${host} shows a TLS certificate that is not valid yet. Check the clocks of both servers.`,
    unsent: true,
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: selfSigned,
  SELF_SIGNED_CERT_IN_CHAIN: selfSigned,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: selfSigned,
  UNABLE_TO_GET_ISSUER_CERT: selfSigned,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: selfSigned,
  CERT_UNTRUSTED: selfSigned,
  ERR_TLS_CERT_ALTNAME_INVALID: {
    sentence: ({ host }) =>
      `${host} shows a TLS certificate for another host name. Use the name it is made for, or have it replaced.`,
    unsent: true,
  },
  EPROTO: noTls,
  UND_ERR_HEADERS_OVERFLOW: { ...notHttp, sentence: ({ host }) => `${host} sent more headers than a platform does.` },
  TOO_DEEP: { ...notHttp, sentence: ({ host }) => `${host} sent an answer nested deeper than a platform's is.` },
  TOO_LARGE: {
    ...notHttp,
    sentence: ({ host }) =>
      `${host} sent a larger answer than this server reads (8 MB for a list, 256 kB for one thing).`,
  },
  TOO_MANY: {
    ...notHttp,
    sentence: ({ host }) => `${host} sent an answer of more than 200,000 values, which is more than this server reads.`,
  },
  BOMB: {
    ...notHttp,
    sentence: ({ host }) => `${host} sent an answer that is compressed beyond all measure, and was not read.`,
  },
  ENCODING: { ...notHttp, sentence: ({ host }) => `${host} sent an answer in an encoding that was not asked for.` },
  UND_ERR_DESTROYED: { sentence: () => 'This server is shutting down.', code: 'scm_unavailable' },
  UND_ERR_CLOSED: { sentence: () => 'This server is shutting down.', code: 'scm_unavailable' },
}

const PROXY_DOWN: Row = {
  sentence: () => 'The outgoing proxy of this server cannot be reached. Ask the operator to check HTTPS_PROXY.',
  again: true,
  unsent: true,
}
const PROXY_DENIES: Row = {
  sentence: ({ host }) =>
    `The outgoing proxy of this server does not connect to ${host}. Ask the operator to check it.`,
  unsent: true,
}

/** The outermost guard: callers get a `Failure` and never any other error. */
export const explainFaults: Guard<Call> = async (call, next) => {
  try {
    return await next(call)
  } catch (error) {
    throw readFault(error, call.endpoint).failure
  }
}

/** Reads an error of ours, Node's or undici's. Its own text may contain addresses and headers, so it is never shown. */
export function readFault(error: unknown, endpoint: Endpoint): Fault {
  if (error instanceof Failure) return { failure: error, again: false, noAnswer: false, unsent: false }
  const code = codeOf(error)
  const row = rowFor(error, code, endpoint.proxied)
  if (!row) {
    // Not a network error: a header that cannot be sent, or a bug.
    const failure = new Failure('internal', 'Internal error', { cause: coded(code) })
    return { failure, again: false, noAnswer: false, unsent: false }
  }
  const log = { host: endpoint.host, port: endpoint.port, fault: code }
  const failure = new Failure(row.code ?? 'scm_unreachable', row.sentence(endpoint), {
    ...(row.code === 'scm_unavailable' || row.code === 'overloaded' ? { retryAfter: 5 } : {}),
    log,
    cause: coded(code),
  })
  return { failure, again: row.again ?? false, noAnswer: row.noAnswer ?? false, unsent: row.unsent ?? false }
}

function rowFor(error: unknown, code: string, proxied: boolean): Row | undefined {
  if (proxied && error instanceof Error && error.message.startsWith('Proxy response')) return PROXY_DENIES
  if (code === 'PROXY_CLOSED') return PROXY_DENIES
  if (proxied && code === 'UND_ERR_PRX_TLS') return PROXY_DOWN
  const row = ROWS[code] ?? rowForFamily(code)
  return proxied && row?.way ? PROXY_DOWN : row
}

function rowForFamily(code: string): Row | undefined {
  if (code.startsWith('Z_')) return corrupt
  if (code.startsWith('HPE_')) return notHttp
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) return noTls
  if (/^(CERT|CRL|INVALID|UNABLE|ERROR_IN)_|_CERT/.test(code)) return badCertificate
  if (code.startsWith('EAI_')) return dnsDown
  return /^E[A-Z0-9]+$/.test(code) ? unreachable : undefined // any other errno
}

export function codeOf(error: unknown): string {
  if (error instanceof Error && error.name === 'HTTPParserError') return 'HPE_ANY' // undici gives only some a code
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'UNKNOWN'
}
