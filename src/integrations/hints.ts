// What a link's owner can do about a failure of its platform, and on which page.

import type { FailureCode, Hint } from '../failure.ts'
import { Failure } from '../failure.ts'
import { isOAuthScmType } from '../platforms/scm-types.ts'
import { vendorOf } from '../platforms/vendors.ts'
import type { Integration } from './integrations.ts'

/** Without an `id`, the link is just being made. */
type Link = Pick<Integration, 'scmType' | 'webUrl'> & Partial<Pick<Integration, 'id'>>

/** The page where accounts are linked by OAuth; with `id`, where that link is made again. */
export function linkPath({ scmType, id }: Pick<Link, 'scmType' | 'id'>): string {
  return `/users/${scmType}/link${id === undefined ? '' : `?again=${encodeURIComponent(id)}`}`
}

export function linkPage(publicUrl: string, link: Pick<Link, 'scmType' | 'id'>): string {
  return publicUrl + linkPath(link)
}

/** The platform's page where its users see their tokens: make them, and revoke them. */
export function tokenPage({ scmType, webUrl }: Link): string {
  return webUrl + vendorOf(scmType).addresses.tokensPath
}

/** A new token repairs the link: one that the owner pastes, or for OAuth the one from linking again. */
export function tokenHint(publicUrl: string, link: Link): Hint {
  return isOAuthScmType(link.scmType)
    ? { action: 'link_again', url: linkPage(publicUrl, link) }
    : { action: 'replace_token', url: tokenPage(link) }
}

/**
 * Only failures that the user can fix, so not an unreachable platform. A hint in the failure itself takes precedence.
 */
const hints: Partial<Record<FailureCode, (publicUrl: string, link: Link) => Hint>> = {
  scm_token_rejected: tokenHint,
  scm_link_expired: tokenHint,
  scm_token_unreadable: tokenHint,
  scm_scope_missing: tokenHint,
  scm_sso_required: (publicUrl, link) => {
    const hint = tokenHint(publicUrl, link)
    return hint.action === 'replace_token' ? { ...hint, action: 'authorise' } : hint
  },
  // When signed in there, the person sees the reason.
  scm_forbidden: (_publicUrl, { webUrl }) => ({ action: 'open_platform', url: webUrl }),
  scm_application_refused: () => ({ action: 'ask_operator' }),
  scm_address_refused: () => ({ action: 'ask_operator' }),
}

/** What can be done about `failure`; undefined when nothing helps, or only waiting. */
export function linkHint(publicUrl: string, link: Link, { code, details }: Failure): Hint | undefined {
  // Some addresses cannot be allowed by any setting.
  if (code === 'scm_address_refused' && details.log?.setting === 'none') return undefined
  return details.hint ?? hints[code]?.(publicUrl, link)
}

/** The failure, or whatever else was thrown, with its hint. */
export function withHint(publicUrl: string, link: Link, error: unknown): unknown {
  if (!(error instanceof Failure)) return error
  const hint = linkHint(publicUrl, link, error)
  return hint ? new Failure(error.code, error.message, { ...error.details, hint }) : error
}

const PAGES: Hint['action'][] = ['link_again', 'replace_token', 'authorise', 'open_platform']

/** The page to open, if the hint names one. */
export function fixPage(hint: Hint | undefined): string | null {
  return hint?.url !== undefined && PAGES.includes(hint.action) ? hint.url : null
}
