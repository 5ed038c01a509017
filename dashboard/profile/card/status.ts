// A link's status in words: from the list at once, and from the platform once it has answered.

import type { Health, Integration, Platform } from '../../api.ts'
import type { Loaded } from '../../loaded.tsx'
import { wantsToken } from '../../ui/hint-link.tsx'

type Hint = Health['problems'][number]['hint']

export interface LinkStatus {
  tone: 'good' | 'warn' | 'bad' | 'quiet'
  words: string
  problems: { message: string; hint: Hint }[]
  /** Whether another token, or linking again, fixes it. */
  wantsToken: boolean
  /** When the platform said what is shown; null when it is only what is stored. */
  checkedAt: string | null
}

type Status = Integration['status']
type Words = Pick<LinkStatus, 'tone' | 'words'>

export const statusWords: Record<Status, Words> = {
  ok: { tone: 'good', words: 'Working' },
  token_rejected: { tone: 'bad', words: 'Token refused' },
  expired: { tone: 'bad', words: 'Token expired' },
  scope_missing: { tone: 'warn', words: 'Scopes missing' },
  forbidden: { tone: 'bad', words: 'Refused by the platform' },
}

/** The platform could not be asked, so that health has the status of an earlier time. */
const UNASKED = ['scm_unavailable', 'scm_unreachable', 'scm_rate_limited', 'scm_bad_response', 'scm_redirected']

export function statusOf(integration: Integration, platform: Platform, health: Loaded<Health>): LinkStatus {
  if (health.state !== 'loaded') return stored(integration, health.state === 'loading')
  const { status, problems, checked_at } = health.value
  if (isOutdated(integration, health.value)) return stored(integration, false)
  return {
    ...wordsFor(status, problems),
    problems: problems.map(({ code, message, hint }) => ({ message: adviceFor(code, platform) ?? message, hint })),
    wantsToken: problems.some(({ hint }) => wantsToken(hint)),
    checkedAt: checked_at,
  }
}

/** What the problems below it say, in two words. */
function wordsFor(status: Status, problems: Health['problems']): Words {
  if (problems.length > 0 && problems.every(({ code }) => UNASKED.includes(code))) {
    return { tone: 'warn', words: 'Not reachable now' }
  }
  return status === 'ok' && problems.length > 0 ? { tone: 'warn', words: 'Needs attention' } : statusWords[status]
}

function stored({ status, status_reason }: Integration, checking: boolean): LinkStatus {
  if (status === 'ok') {
    const state = checking ? 'Checking…' : 'Not checked'
    return { tone: 'quiet', words: state, problems: [], wantsToken: false, checkedAt: null }
  }
  return {
    ...statusWords[status],
    problems: status_reason === null ? [] : [{ message: status_reason, hint: undefined }],
    // When the platform rejects the account, it must be fixed there, and another token does not help.
    wantsToken: status !== 'forbidden',
    checkedAt: null,
  }
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
