// How a link is, in words: what the list knows at once, and what the platform said when it was asked.

import type { Health, Integration } from '../api.ts'
import type { Loaded } from '../loaded.tsx'

export interface Problem {
  message: string
  /** The platform's page where it can be mended. */
  fixUrl: string | null
}

export interface LinkStatus {
  tone: 'good' | 'warn' | 'bad' | 'quiet'
  words: string
  problems: Problem[]
  /** Whether another token (or linking again) mends it. */
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
}

/** Problems that have nothing to do with the token. */
const passing = ['scm_unavailable', 'scm_unreachable', 'scm_rate_limited', 'scm_bad_response', 'scm_redirected']

export function statusOf(integration: Integration, health: Loaded<Health>): LinkStatus {
  if (health.state !== 'loaded') return stored(integration, health.state === 'loading')
  const { status, problems } = health.value
  const known = isStatus(status) ? status : integration.status
  const shown = problems.map(({ code, message, fix_url }) => ({
    message,
    fixUrl: isPassing(code) ? null : fix_url,
  }))
  if (known !== 'ok') return { ...words[known], problems: shown, wantsToken: true }
  if (problems.length === 0) return { ...words.ok, problems: [], wantsToken: false }
  const unreachable = problems.every(({ code }) => isPassing(code))
  return {
    tone: 'warn',
    words: unreachable ? 'Not reachable now' : 'Needs attention',
    problems: shown,
    wantsToken: !unreachable,
  }
}

function stored({ status }: Integration, checking: boolean): LinkStatus {
  if (status === 'ok') {
    return { tone: 'quiet', words: checking ? 'Checking…' : 'Not checked', problems: [], wantsToken: false }
  }
  const { tone, words: name, message } = words[status]
  return { tone, words: name, problems: [{ message, fixUrl: null }], wantsToken: true }
}

function isPassing(code: string): boolean {
  return passing.includes(code)
}

function isStatus(value: string): value is Status {
  return Object.hasOwn(words, value)
}
