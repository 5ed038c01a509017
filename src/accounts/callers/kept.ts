// How long it is taken as known whose a bearer token is.

/**
 * In milliseconds. What is revoked or deactivated ends at once; only with PostgreSQL, what another process does ends after
 * this time. 10 s would be allowed (the API's contract, section 2).
 */
export const CALLER_KEPT_MS = 1_000
