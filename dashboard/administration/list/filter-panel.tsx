// The filters above a list, and of whom alone it is, if somebody came from their page.

import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import { Panel } from '../../ui/page.tsx'
import { useUser } from '../queries.ts'
import classes from './listed.module.css'

interface FilterPanelProps {
  /** Whether all are as wide as each other. */
  even?: boolean
  children: ReactNode
}

export function FilterPanel({ even = false, children }: FilterPanelProps) {
  return (
    <Panel>
      {/* biome-ignore lint/a11y/useSemanticElements: the search element is not known to all browsers yet */}
      <form className={classes.filters} data-even={even} role="search" onSubmit={(event) => event.preventDefault()}>
        {children}
      </form>
    </Panel>
  )
}

/** `user` is an id, also of somebody who was removed. */
export function OnlyOf({ user, onAll }: { user: string; onAll: () => void }) {
  const found = useUser(user)
  return (
    <p className={classes.only}>
      <span>
        Only of <strong>{found.state === 'loaded' ? found.value.username : user}</strong>
      </span>
      <Button variant="default" size="xs" onClick={onAll}>
        Show everybody’s
      </Button>
    </p>
  )
}
