// What stands in the place of something that could not be fetched or done: the server's sentence, and a way on.

import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import type { ApiFailure } from '../api.ts'
import { Icon } from './icons.tsx'
import classes from './notice.module.css'

interface FailedProps {
  failure: ApiFailure
  retry?: () => void
  children?: ReactNode
}

export function Failed({ failure, retry, children }: FailedProps) {
  return (
    <div className={classes.notice} data-tone="bad" role="alert">
      <Icon name="alert" />
      <div className={classes.text}>
        <p>{failure.message}</p>
        {children}
      </div>
      {retry && (
        <Button variant="default" size="xs" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  )
}
