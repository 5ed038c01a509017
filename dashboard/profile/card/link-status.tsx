// A link's status in words and when it was checked; below the head what is wrong and how to fix it.

import { UnstyledButton } from '@mantine/core'
import { useEffect, useReducer, useState } from 'react'
import type { LinkHealth } from '../../queries.ts'
import { HintLink } from '../../ui/hint-link.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Time } from '../../ui/time.tsx'
import classes from './link-status.module.css'
import type { LinkStatus } from './status.ts'

interface LinkStatusProps {
  status: LinkStatus
  check: LinkHealth
}

export function LinkStatusLine({ status, check: { health, checkAgain } }: LinkStatusProps) {
  // Of a check that somebody asked for, the result is read out.
  const [isAsked, setAsked] = useState(false)
  const isBusy = health.state === 'loading' || (health.state === 'loaded' && health.busy)

  function ask() {
    setAsked(true)
    checkAgain()
  }

  return (
    <div className={classes.state}>
      <p className={classes.status} data-tone={status.tone} aria-live={isAsked ? 'polite' : 'off'}>
        <span className="visually-hidden">Status: </span>
        {status.words}
      </p>
      {health.state !== 'failed' && (
        <p className={classes.checked}>
          {isBusy ? 'Checking…' : status.checkedAt !== null && <CheckedAt at={status.checkedAt} />}
          {/* Stays there while it is busy, because the focus would be lost with it. */}
          <UnstyledButton className={classes.again} onClick={ask} aria-disabled={isBusy}>
            Check again
          </UnstyledButton>
        </p>
      )}
    </div>
  )
}

const MINUTE_MS = 60_000

/** "Checked 2 minutes ago", which grows while the page is open. */
function CheckedAt({ at }: { at: string }) {
  const [, tick] = useReducer((count: number) => count + 1, 0)
  useEffect(() => {
    const timer = setInterval(tick, MINUTE_MS / 2)
    return () => clearInterval(timer)
  }, [])
  return (
    <span>
      Checked <Time at={at} />
    </span>
  )
}

export function LinkProblems({ status }: { status: LinkStatus }) {
  if (status.problems.length === 0) return null
  // The card itself has the button to link again. Several problems often have the same page.
  const hints = new Map(status.problems.map(({ hint }) => [hint?.url, hint]))
  const pages = [...hints.values()].filter((hint) => hint?.action !== 'link_again')
  return (
    <Notice
      tone={status.tone === 'bad' ? 'bad' : 'warn'}
      actions={pages.map((hint) => <HintLink key={hint?.url} hint={hint} />)}
    >
      {status.problems.map(({ message }) => (
        <p key={message}>{message}</p>
      ))}
    </Notice>
  )
}
