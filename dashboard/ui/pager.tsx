// Links to the previous and the next page, when they exist.

import { Button } from '@mantine/core'
import type { EventPage } from '../api.ts'
import classes from './pager.module.css'

interface PagerProps {
  /** "Pages of results". */
  label: string
  pagination: EventPage['pagination']
  back?: string
  on?: string
  onPage: (page: number) => void
}

export function Pager({ label, pagination, back = 'Previous', on = 'Next', onPage }: PagerProps) {
  const { prev_page, next_page, current_page, total_pages } = pagination
  if (prev_page === null && next_page === null) return null
  return (
    <nav className={classes.pager} aria-label={label}>
      <Button variant="default" disabled={prev_page === null} onClick={() => onPage(prev_page ?? 1)}>
        {back}
      </Button>
      <span>
        Page {current_page}
        {total_pages !== null && ` of ${total_pages}`}
      </span>
      <Button variant="default" disabled={next_page === null} onClick={() => onPage(next_page ?? 1)}>
        {on}
      </Button>
    </nav>
  )
}
