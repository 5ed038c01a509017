// What the owner of a link can do about a failure of its platform, and the pages where that is done.

import type { FailureCode, Hint } from '../failure.ts'
import { Failure } from '../failure.ts'
import { scmTypes } from '../platforms/scm-types.ts'
import { vendorOf } from '../platforms/vendors.ts'
import type { Integration } from './integrations.ts'

/** Without an `id` it is being made. */
type Link = Pick<Integration, 'scmType' | 'webUrl'> & Partial<Pick<Integration, 'id'>>

/** The route where accounts are linked by OAuth; with `id`, that link again. */
export function linkPath({ scmType, id }: Pick<Link, 'scmType' | 'id'>): string {
  return `/users/${scmType}/link${id === undefined ? '' : `?again=${encodeURIComponent(id)}`}`
}

export function linkPage(publicUrl: string, link: Pick<Link, 'scmType' | 'id'>): string {
  return publicUrl + linkPath(link)
}

/** Where the platform makes tokens. */
function tokenPage({ scmType, webUrl }: Link): string {
  return webUrl + vendorOf(scmType).addresses.tokensPath
}

/** Another token mends the link: one that its owner makes, or for a link made by OAuth the next one it gets. */
export function tokenHint(publicUrl: string, link: Link): Hint {
  return scmTypes[link.scmType].oauth
    ? { action: 'link_again', url: linkPage(publicUrl, link) }
    : { action: 'replace_token', url: tokenPage(link) }
}

/** A platform that is down or out of reach is not mended by its user. What a failure says of itself comes first. */
const hints: Partial<Record<FailureCode, (publicUrl: string, link: Link) => Hint>> = {
  scm_token_rejected: tokenHint,
  scm_link_expired: tokenHint,
  scm_token_unreadable: tokenHint,
  scm_scope_missing: tokenHint,
  scm_sso_required: (publicUrl, link) => {
    const hint = tokenHint(publicUrl, link)
    return hint.action === 'replace_token' ? { ...hint, action: 'authorise' } : hint
  },
  // Signed in there, its person reads why.
  scm_forbidden: (_publicUrl, { webUrl }) => ({ action: 'open_platform', url: webUrl }),
  scm_application_refused: () => ({ action: 'ask_operator' }),
  scm_address_refused: () => ({ action: 'ask_operator' }),
}

/** What can be done about `failure`; undefined when that is nothing, or to wait. */
export function linkHint(publicUrl: string, link: Link, { code, details }: Failure): Hint | undefined {
  // Some addresses no setting opens.
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

/** The page to open, if that is what can be done. */
export function fixPage(hint: Hint | undefined): string | null {
  return hint?.url !== undefined && PAGES.includes(hint.action) ? hint.url : null
}
