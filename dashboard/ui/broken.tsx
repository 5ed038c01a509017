// Shown in the place of a page that threw an error, or that could not be loaded.

import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { ErrorBoundary } from 'react-error-boundary'
import { Icon } from './icons.tsx'
import classes from './notice.module.css'

/** What is inside is shown again when `page` changes. */
export function WhenBroken({ page, children }: { page?: string; children: ReactNode }) {
  return (
    <ErrorBoundary FallbackComponent={Broken} resetKeys={[page]}>
      {children}
    </ErrorBoundary>
  )
}

function Broken() {
  return (
    <div className={classes.notice} data-tone="bad" role="alert">
      <Icon name="alert" />
      <div className={classes.text}>
        <p>This page could not be shown. Reload it; what you have typed is lost then.</p>
        <p>If that does not help, tell whoever runs this Forgelink.</p>
      </div>
      <Button variant="default" size="xs" onClick={() => location.reload()}>
        Reload
      </Button>
    </div>
  )
}
