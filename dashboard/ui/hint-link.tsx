// The button that leads where a failure can be mended, as the server's hint says.

import { Button } from '@mantine/core'
import type { Hint } from '../../src/failure.ts'
import { hostOf, webAddress } from '../addresses.ts'

/** What the button says, for the actions that are a page to open; docs/api.md describes all of them. */
const words: Partial<Record<Hint['action'], (url: string) => string>> = {
  authorise: () => 'Authorise',
  link_again: () => 'Link again',
  open_platform: (url) => `Open ${hostOf(url).replace(/\/$/, '')}`,
  replace_token: () => 'Open the token page',
}

/** Whether trying again fails again, because the token has to be another one. */
export function wantsToken(hint: Hint | undefined): boolean {
  return hint?.action === 'replace_token' || hint?.action === 'link_again'
}

export function HintLink({ hint }: { hint: Hint | undefined }) {
  const url = webAddress(hint?.url ?? null)
  const text = hint && url && words[hint.action]?.(url)
  if (!text) return null
  // Our own page comes back here; a platform's does not.
  const isOwn = hint.action === 'link_again'
  return (
    <Button component="a" href={url} variant="default" size="xs" {...(!isOwn && ELSEWHERE)}>
      {text}
      {!isOwn && <span className="visually-hidden"> (opens in a new tab)</span>}
    </Button>
  )
}

const ELSEWHERE = { target: '_blank', rel: 'noopener noreferrer' }
