// A link's status in words: from the list at once, and from the platform once it has answered.

import type { Health, Integration, Platform } from '../api.ts'
import type { Loaded } from '../loaded.tsx'

export interface Problem {
  message: string
  /** The platform's page where the problem can be fixed. */
  fixUrl: string | null
}

export interface LinkStatus {
  tone: 'good' | 'warn' | 'bad' | 'quiet'
  words: string
  problems: Problem[]
  /** Whether another token, or linking again, fixes it. */
  wantsToken: boolean
}

type Status = Integration['status']

const words: Record<Status, { tone: LinkStatus['tone']; words: string; message: string }> = {
  ok: { tone: 'good', words: 'Working', message: '' },
  token_rejected: { tone: 'bad', words: 'Token refused', message: 'The platform no longer takes the token.' },
  expired: { tone: 'bad', words: 'Token expired', message: 'The time of the token is over.' },
  scope_missing: {
    tone: 'warn',
    words: 'Scopes missing',
    message: 'The token may not do everything it is needed for.',
  },
  forbidden: {
    tone: 'bad',
    words: 'Refused by the platform',
    message: 'The platform refuses the account, or this server.',
  },
}

/** Problems that have nothing to do with the token. */
const temporaryCodes = ['scm_unavailable', 'scm_unreachable', 'scm_rate_limited', 'scm_bad_response', 'scm_redirected']

export function statusOf(integration: Integration, platform: Platform, health: Loaded<Health>): LinkStatus {
  if (health.state !== 'loaded') return stored(integration, health.state === 'loading')
  const { status, problems } = health.value
  const known = isStatus(status) ? status : integration.status
  const shown = problems.map(({ code, message, fix_url, hint }) => ({
    message: adviceFor(code, platform) ?? message,
    // A link is made again by the card's own button.
    fixUrl: isTemporary(code) || hint?.action === 'link_again' ? null : fix_url,
  }))
  if (isOutdated(integration, health.value)) return stored(integration, false)
  if (known !== 'ok') return { ...words[known], problems: shown, wantsToken: isMendedByToken(known) }
  if (problems.length === 0) return { ...words.ok, problems: [], wantsToken: false }
  const unreachable = problems.every(({ code }) => isTemporary(code))
  return {
    tone: 'warn',
    words: unreachable ? 'Not reachable now' : 'Needs attention',
    problems: shown,
    wantsToken: !unreachable,
  }
}

function stored({ status, status_reason }: Integration, checking: boolean): LinkStatus {
  if (status === 'ok') {
    return { tone: 'quiet', words: checking ? 'Checking…' : 'Not checked', problems: [], wantsToken: false }
  }
  const { tone, words: name, message } = words[status]
  const problem = { message: status_reason ?? message, fixUrl: null }
  return { tone, words: name, problems: [problem], wantsToken: isMendedByToken(status) }
}

/** When the platform rejects the account, it must be fixed there, and another token does not help. */
function isMendedByToken(status: Status): boolean {
  return status !== 'forbidden'
}

/**
 * What to do about a rejected token on this page, which has a button for it; the API's own sentence is for programs.
 */
export function adviceFor(code: string | undefined, { label, self_hosted }: Platform): string | undefined {
  if (code !== 'scm_token_rejected' && code !== 'scm_link_expired') return undefined
  return self_hosted
    ? `${label} does not take the token: it is wrong, expired or revoked. Make another there, and give it to this link with “Replace token”.`
    : `${label} no longer takes what it gave for this link. “Link again” mends that.`
}

/** A call since the last check says more than the check; an expired link never recovers without the user. */
function isOutdated({ status, updated_at }: Integration, health: Health): boolean {
  if (status === health.status) return false
  return status === 'expired' || (['token_rejected', 'forbidden'].includes(status) && health.checked_at < updated_at)
}

function isTemporary(code: string): boolean {
  return temporaryCodes.includes(code)
}

function isStatus(value: string): value is Status {
  return Object.hasOwn(words, value)
}
