// What an error shows about the whole link, and how the link's status says it.

import type { IntegrationStatus } from '../database/tables.ts'
import type { FailureCode } from '../failure.ts'
import { Failure } from '../failure.ts'
import { isNewToken } from '../platforms/transport/guards/new-token.ts'
import { asOneLine } from '../text.ts'
import type { Integration } from './integrations.ts'

export interface Shown {
  status: IntegrationStatus
  statusReason: string | null
}

const MAX_REASON_LENGTH = 500

const REJECTED: FailureCode[] = ['scm_token_rejected', 'scm_token_unreadable']

/** A link with the status `forbidden` must be fixed at the platform; the others need another token. */
const statusOf: Partial<Record<FailureCode, IntegrationStatus>> = {
  scm_token_rejected: 'token_rejected',
  scm_token_unreadable: 'token_rejected',
  scm_link_expired: 'expired',
  scm_scope_missing: 'scope_missing',
  scm_sso_required: 'forbidden',
  scm_forbidden: 'forbidden',
}

/** undefined when it shows nothing about the link, for example when the platform is down or a proxy has answered. */
export function shownBy(failure: Failure): Shown | undefined {
  const status = statusOf[failure.code]
  return status && { status, statusReason: reasonOf(failure) }
}

/**
 * Whether an error is about the link, or only about the object that the call named. `asksForAccount`: the call named no
 * repository, user or organisation that could forbid the access on its own.
 */
export function isAboutLink(failure: Failure, asksForAccount: boolean): boolean {
  return isRejection(failure) || failure.details.ofAccount === true || asksForAccount
}

/** A stored token that cannot be decrypted counts like a rejected one: another token helps. */
export function isRejection(error: unknown): boolean {
  return error instanceof Failure && REJECTED.includes(error.code)
}

/**
 * null when a stored token cannot be decrypted: the platform was not asked, and with the right key it works again. The
 * queries of addresses are left out, since they may give access (GitHub's page for single sign-on).
 */
function reasonOf({ code, message }: Failure): string | null {
  if (code === 'scm_token_unreadable') return null
  return asOneLine(message.replace(/(https?:\/\/[^\s?]+)\?[^\s]*[^\s.,]/g, '$1'), MAX_REASON_LENGTH)
}

/**
 * Whether the platform has rejected this token before; then it is not used again. After too many rejected calls GitHub
 * locks the account, and gitlab.com treats every call from our address as anonymous. A new token is always tried.
 */
export function isKnownRejected({ status, statusReason, tokenObtainedAt }: Integration): boolean {
  const isNew = tokenObtainedAt !== null && isNewToken(Date.parse(tokenObtainedAt))
  return status === 'token_rejected' && statusReason !== null && !isNew
}

export function knownRejection({ statusReason }: Integration): Failure {
  return new Failure('scm_token_rejected', statusReason ?? 'The platform does not take the token.')
}

/** A token past its expiry date is `expired`, whether or not it was used since, unless it can be refreshed. */
export function statusNow(integration: Integration): IntegrationStatus {
  const { tokenExpiresAt, refreshToken } = integration
  if (refreshToken !== null) return integration.status
  return tokenExpiresAt !== null && Date.parse(tokenExpiresAt) <= Date.now() ? 'expired' : integration.status
}

/** A sentence, or null when the link works. */
export function statusReasonNow(integration: Integration): string | null {
  const status = statusNow(integration)
  if (status === 'ok') return null
  const { statusReason } = integration
  if (status === integration.status && statusReason !== null) {
    return statusReason.charAt(0).toUpperCase() + statusReason.slice(1)
  }
  return untold[status](integration)
}

/** For when the platform was not asked, or gave no reason. */
const untold: Record<Exclude<IntegrationStatus, 'ok'>, (integration: Integration) => string> = {
  token_rejected: () => 'The platform no longer takes the token.',
  expired: ({ tokenExpiresAt }) => `The token ended${tokenExpiresAt ? ` on ${tokenExpiresAt.slice(0, 10)}` : ''}.`,
  scope_missing: ({ missingScopes }) =>
    `The token lacks ${missingScopes.split(' ').filter(Boolean).join(', ') || 'a permission'}.`,
  forbidden: () => 'The platform refuses this to the account.',
}
