// Shown when something could not be loaded or done: the server's sentence, and what to do next.

import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ApiFailure } from '../failure.ts'
import { HintLink, wantsToken } from './hint-link.tsx'
import { Icon } from './icons.tsx'
import classes from './notice.module.css'

interface FailedProps {
  failure: ApiFailure
  /** Shown instead of the server's sentence. */
  message?: string | undefined
  retry?: () => void
  /** Whether a button to link again is there already, beside this. */
  hasLinkAgain?: boolean
  children?: ReactNode
}

export function Failed({ failure, message = failure.message, retry, hasLinkAgain = false, children }: FailedProps) {
  return (
    <div className={classes.notice} data-tone="bad" role="alert">
      <Icon name="alert" />
      <div className={classes.text}>
        <p>{message}</p>
        {children}
      </div>
      {!(hasLinkAgain && failure.hint?.action === 'link_again') && <HintLink hint={failure.hint} />}
      {retry && !wantsToken(failure.hint) && (
        <Button variant="default" size="xs" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  )
}
