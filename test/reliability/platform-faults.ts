// Every way in which a platform can misbehave, and what a caller is told then: by hand from the contract, one line a case.

import type { FaultName, FaultRule } from '../../sandbox/sandbox.ts'

/**
 * What linking by token, searching, importing keys, renewing a token, and the callback of OAuth (while the code is
 * exchanged, and while the profile is read) answer: status with `code`, with the field of a 422, or alone for pages.
 * `-`: the fault does not concern it.
 */
export type Expected = [
  create: string,
  search: string,
  importKeys: string,
  refresh: string,
  exchange: string,
  profile: string,
]

export interface FaultCase {
  /** `rejected`: nobody listens. */
  fault: FaultName | 'refused'
  expected: Expected
  rule: Partial<FaultRule>
}

const unreachable: Expected = [
  '422 url',
  '503 scm_unavailable',
  '503 scm_unavailable',
  '503 scm_unavailable',
  '503',
  '503',
]
const nonsense: Expected = [
  '422 url',
  '503 scm_bad_response',
  '503 scm_bad_response',
  '503 scm_bad_response',
  '503',
  '503',
]
const busy: Expected = [
  '429 scm_rate_limited',
  '429 scm_rate_limited',
  '429 scm_rate_limited',
  '429 scm_rate_limited',
  '429',
  '429',
]
const down: Expected = ['503 scm_unavailable', ...unreachable.slice(1)] as Expected
const fine: Expected = ['201', '200', '201', '200', '303', '303']
/** A token endpoint is asked once: what passes by itself does not pass there. */
const fineButOnce: Expected = ['201', '200', '201', '503 scm_unavailable', '503', '303']
const oddIds: Expected = ['422 url', '503 scm_bad_response', '201', '-', '-', '503']

type Line = [fault: FaultCase['fault'], expected: Expected, rule?: Partial<FaultRule>]

const both: Line[] = [
  ['refused', ['422 url', '503 scm_unavailable', '503 scm_unavailable', '503 scm_unavailable', '503', '-']],
  ['connection-closed', unreachable],
  ['connection-reset', unreachable],
  ['connection-reset', fineButOnce, { times: 2 }],
  ['answer-lost', unreachable],
  ['headers-never', unreachable],
  ['headers-drip', unreachable, { value: 0.1 }],
  ['headers-late', fine, { value: 0.05 }],
  ['body-stalls', unreachable],
  ['body-drips', unreachable, { value: 0.1 }],
  ['body-reset', unreachable],
  ['body-short', unreachable],
  ['gzip-corrupt', nonsense],
  ['gzip-cut', nonsense],
  ['gzip-twice', nonsense],
  ['gzip-bomb', nonsense],
  ['endless-body', nonsense],
  ['html-200', nonsense],
  ['empty-body', nonsense],
  ['json-junk', nonsense],
  ['json-cut', nonsense],
  ['json-null', nonsense],
  ['invalid-utf8', nonsense],
  ['deep-json', nonsense],
  ['array-for-object', nonsense],
  ['id-null', oddIds],
  ['id-huge', oddIds],
  ['redirect-same-origin', ['201', '200', '201', '503 scm_bad_response', '503', '303']],
  ['redirect-loop', nonsense],
  ['redirect-foreign', nonsense],
  ['redirect-metadata', nonsense],
  [
    'status-401',
    ['422 access_token', '403 scm_token_rejected', '403 scm_token_rejected', '503 scm_bad_response', '503', '403'],
  ],
  ['status-429', busy],
  ['status-429-date', busy],
  ['status-429-garbage', busy],
  ['status-429-bare', busy],
  ['status-500', down],
  ['status-500', fineButOnce, { times: 1 }],
  ['status-502', down],
  ['status-503', down],
  ['oauth-bad-refresh-token', ['-', '-', '-', '403 scm_token_rejected', '-', '-']],
  ['oauth-invalid-grant', ['-', '-', '-', '403 scm_token_rejected', '403', '-']],
  ['oauth-invalid-client', ['-', '-', '-', '503 scm_unavailable', '503', '-']],
  ['oauth-no-expires-in', ['-', '-', '-', '200', '303', '-']],
  ['oauth-no-refresh-token', ['-', '-', '-', '200', '303', '-']],
  ['oauth-no-scope', ['-', '-', '-', '200', '303', '-']],
]

const github: Line[] = [
  [
    'status-403',
    ['422 access_token', '403 scm_scope_missing', '403 scm_scope_missing', '503 scm_bad_response', '503', '403'],
  ],
  ['rate-limit-primary', busy],
  ['rate-limit-secondary', busy],
  ['rate-limit-secondary-bare', busy],
  ['too-many-logins', ['429 scm_rate_limited', '429 scm_rate_limited', '429 scm_rate_limited', '-', '-', '429']],
  ['sso-required', ['422 access_token', '403 scm_sso_required', '403 scm_sso_required', '-', '-', '403']],
]

const gitlab: Line[] = [
  ['status-403', ['422 access_token', '403 scm_forbidden', '403 scm_forbidden', '503 scm_bad_response', '503', '403']],
  ['account-blocked', ['422 access_token', '403 scm_forbidden', '403 scm_forbidden', '-', '-', '403']],
]

/** One of each kind: what a platform does has little to do with the store, except that nothing may be written there. */
const FOR_EVERY_STORE = new Set(['connection-closed', 'html-200', 'status-401', 'status-429', 'oauth-invalid-grant'])

export function faultCases(vendor: 'github' | 'gitlab', engine: 'SQLite' | 'PostgreSQL'): FaultCase[] {
  return [...both, ...(vendor === 'github' ? github : gitlab)]
    .filter(([fault]) => engine === 'SQLite' || FOR_EVERY_STORE.has(fault))
    .map(([fault, expected, rule = {}]) => ({ fault, expected, rule }))
}
