// What went wrong with the OpenID provider, as a failure whose sentence says what to do.

import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client'
import { Failure } from '../../../failure.ts'
import type { Log } from '../../../log-events.ts'

interface Provider {
  label: string
  host: string
  log: Log
}

/** The person said no there, or has no access. The other errors are the provider's or the operator's. */
const PERSONS_OWN = ['access_denied', 'login_required', 'interaction_required', 'consent_required']

/** Logged with it: neither tokens nor texts of the provider, but what the library calls the mistake. */
const REASON = /^[\w.-]{1,60}$/

export function explainProvider({ label, host, log }: Provider, error: unknown): Failure {
  const ours = failureIn(error)
  if (ours?.code === 'overloaded' || ours?.code === 'sign_in_refused') return ours
  if (ours) {
    const message = `${label} cannot be asked at the moment. ${ours.message}`
    return new Failure('issuer_unavailable', message, { ...ours.details, cause: ours })
  }
  const reason = reasonOf(error)
  if (error instanceof AuthorizationResponseError && PERSONS_OWN.includes(error.error)) {
    return rejected(
      `${label} did not let you through: you said no there, or have no access. Nobody was signed in.`,
      error,
    )
  }
  log('oidc_answer_refused', { host, reason })
  if (error instanceof ResponseBodyError && error.error === 'invalid_grant') {
    return rejected(`${label} does not know this attempt any more. Begin again.`, error)
  }
  if (isClientRejected(error) || error instanceof ResponseBodyError || error instanceof AuthorizationResponseError) {
    const sentence = `${label} refuses this server (${reason}). Tell its operator, who finds the reason in the settings.`
    return new Failure('issuer_unavailable', sentence, { cause: error })
  }
  if (reason === 'auth_time') {
    const sentence = `${label} did not say that you have just signed in there, so it does not count as a proof that it is you.`
    return rejected(sentence, error)
  }
  return rejected(
    `${label} gave an answer that cannot be trusted (${reason}), so nobody was signed in. Begin again.`,
    error,
  )
}

/** The token endpoint does not accept the client's id and secret, or not in this way. */
export function isClientRejected(error: unknown): boolean {
  if (error instanceof ResponseBodyError) return error.error === 'invalid_client'
  return error instanceof WWWAuthenticateChallengeError && error.status === 401
}

export function rejected(message: string, cause?: unknown): Failure {
  return new Failure('sign_in_refused', message, { cause })
}

/** The library wraps what our own transport has thrown. */
function failureIn(error: unknown): Failure | undefined {
  for (let depth = 0, each = error; depth < 5 && each instanceof Error; depth++, each = each.cause) {
    if (each instanceof Failure) return each
  }
  return undefined
}

function reasonOf(error: unknown): string {
  if (error instanceof ResponseBodyError || error instanceof AuthorizationResponseError) return shortened(error.error)
  if (isClientRejected(error)) return 'invalid_client'
  if (error instanceof ClientError) return shortened(claimIn(error) ?? error.code)
  return shortened(error instanceof Error ? error.name : undefined)
}

/** The claim that was wrong, if it was one. */
function claimIn(error: ClientError): string | undefined {
  const { cause } = error
  const inner = cause instanceof Error ? cause.cause : undefined
  if (typeof inner !== 'object' || inner === null || !('claim' in inner)) return undefined
  return typeof inner.claim === 'string' ? inner.claim : undefined
}

function shortened(reason: string | undefined): string {
  return reason !== undefined && REASON.test(reason) ? reason : 'unknown'
}
