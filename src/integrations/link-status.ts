// What a refusal shows of a whole link, and how that is told as its status.

import type { IntegrationStatus } from '../database/tables.ts'
import type { FailureCode } from '../failure.ts'
import { Failure } from '../failure.ts'
import { asOneLine } from '../http/body.ts'
import { isNewToken } from '../platforms/transport/new-token.ts'
import type { Integration } from './integrations.ts'

export interface Shown {
  status: IntegrationStatus
  statusReason: string | null
}

const MAX_REASON_LENGTH = 500

const REJECTED: FailureCode[] = ['scm_token_rejected', 'scm_token_unreadable']

/** A link in the status `forbidden` is mended at the platform; the others need another token. */
const statusOf: Partial<Record<FailureCode, IntegrationStatus>> = {
  scm_token_rejected: 'token_rejected',
  scm_token_unreadable: 'token_rejected',
  scm_link_expired: 'expired',
  scm_scope_missing: 'scope_missing',
  scm_sso_required: 'forbidden',
  scm_forbidden: 'forbidden',
}

/** undefined: nothing, such as that the platform is down, or that somebody in between has answered. */
export function shownBy(failure: Failure): Shown | undefined {
  const status = statusOf[failure.code]
  return status && { status, statusReason: reasonOf(failure) }
}

/**
 * Whether a refusal is about the link, or only about what the call named. `asksForAccount`: the call named nothing, no
 * repository, user or organisation that may refuse us on its own.
 */
export function isAboutLink(failure: Failure, asksForAccount: boolean): boolean {
  return isRejection(failure) || failure.details.ofAccount === true || asksForAccount
}

/** What no longer opens here is as good as refused there: another token mends it. */
export function isRejection(error: unknown): boolean {
  return error instanceof Failure && REJECTED.includes(error.code)
}

/**
 * null for what does not open: no platform was asked, and with the right key it opens again. Queries of addresses are
 * left out, since they may let their reader in (GitHub's page for single sign-on).
 */
function reasonOf({ code, message }: Failure): string | null {
  if (code === 'scm_token_unreadable') return null
  return asOneLine(message.replace(/(https?:\/\/[^\s?]+)\?[^\s]*[^\s.,]/g, '$1'), MAX_REASON_LENGTH)
}

/**
 * Whether the platform has said that it does not take this token: it is not asked again with it. Too many tries have
 * GitHub lock the account, and gitlab.com count everybody behind our address as anonymous. A new token is tried nevertheless.
 */
export function isKnownRejected({ status, statusReason, tokenObtainedAt }: Integration): boolean {
  const isNew = tokenObtainedAt !== null && isNewToken(Date.parse(tokenObtainedAt))
  return status === 'token_rejected' && statusReason !== null && !isNew
}

export function knownRejection({ statusReason }: Integration): Failure {
  return new Failure('scm_token_rejected', statusReason ?? 'The platform does not take the token.')
}

/** A token whose time is over is expired, whether or not it was used since, unless it can be renewed. */
export function statusNow(integration: Integration): IntegrationStatus {
  const { tokenExpiresAt, refreshToken } = integration
  if (refreshToken !== null) return integration.status
  return tokenExpiresAt !== null && Date.parse(tokenExpiresAt) <= Date.now() ? 'expired' : integration.status
}

/** A sentence, or null when all is well. */
export function statusReasonNow(integration: Integration): string | null {
  const status = statusNow(integration)
  if (status === 'ok') return null
  const { statusReason } = integration
  if (status === integration.status && statusReason !== null) {
    return statusReason.charAt(0).toUpperCase() + statusReason.slice(1)
  }
  return untold[status](integration)
}

/** Where the platform was not asked, or has said no more than its status. */
const untold: Record<Exclude<IntegrationStatus, 'ok'>, (integration: Integration) => string> = {
  token_rejected: () => 'The platform no longer takes the token.',
  expired: ({ tokenExpiresAt }) => `The token ended${tokenExpiresAt ? ` on ${tokenExpiresAt.slice(0, 10)}` : ''}.`,
  scope_missing: ({ missingScopes }) =>
    `The token lacks ${missingScopes.split(' ').filter(Boolean).join(', ') || 'a permission'}.`,
  forbidden: () => 'The platform refuses this to the account.',
}
