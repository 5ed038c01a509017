// What a search found: how much, what the platform held back, the list, and the way to other pages.

import { Button } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Found, Integration } from '../api.ts'
import type { Loaded } from '../loaded.tsx'
import { followLink } from '../router.ts'
import { RowsSkeleton } from '../shell/skeletons.tsx'
import { Empty } from '../ui/empty.tsx'
import { Failed } from '../ui/failed.tsx'
import { Notice } from '../ui/notice.tsx'
import classes from './results.module.css'

interface ResultsProps<T> {
  found: Loaded<Found<T>>
  link: Integration | undefined
  /** "repository", "repositories". */
  noun: [string, string]
  onPage: (page: number) => void
  children: (item: T) => ReactNode
}

export function Results<T>({ found, link, noun, onPage, children }: ResultsProps<T>) {
  return (
    <div className={classes.results} aria-busy={found.state === 'loading'}>
      <p className={classes.count} role="status" aria-live="polite">
        {found.state === 'loading' && 'Searching…'}
        {found.state === 'loaded' && count(found.value, noun)}
      </p>
      {found.state === 'loading' && <RowsSkeleton rows={4} height={74} />}
      {found.state === 'failed' && <SearchFailed found={found} link={link} />}
      {found.state === 'loaded' && (
        <FoundList found={found.value} busy={found.busy} noun={noun} onPage={onPage}>
          {children}
        </FoundList>
      )}
    </div>
  )
}

/** A query that cannot be read is told at its field. */
function SearchFailed({
  found,
  link,
}: {
  found: Loaded<unknown> & { state: 'failed' }
  link: Integration | undefined
}) {
  const { failure, retry } = found
  if (failure.fields.query) return null
  const mendable = failure.status === 403 && link !== undefined
  return (
    <Failed failure={failure} retry={retry}>
      {mendable && (
        <p>
          <a href="/profile" onClick={followLink}>
            See what to do about this link
          </a>
        </p>
      )}
    </Failed>
  )
}

interface FoundListProps<T> {
  found: Found<T>
  busy: boolean
  noun: [string, string]
  onPage: (page: number) => void
  children: (item: T) => ReactNode
}

function FoundList<T>({ found, busy, noun, onPage, children }: FoundListProps<T>) {
  const { items, pagination, warnings } = found
  const { prev_page, next_page, current_page, total_pages } = pagination
  return (
    <>
      {warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          <p>{warning}</p>
        </Notice>
      ))}
      {items.length === 0 ? (
        <Empty icon="search" title={`No ${noun[1]} found`}>
          <p>Try fewer words, or a wider filter.</p>
        </Empty>
      ) : (
        <ul className={classes.list} data-busy={busy}>
          {items.map(children)}
        </ul>
      )}
      {(prev_page !== null || next_page !== null) && (
        <nav className={classes.pager} aria-label="Pages of results">
          <Button variant="default" disabled={prev_page === null} onClick={() => onPage(prev_page ?? 1)}>
            Previous
          </Button>
          <span>
            Page {current_page}
            {total_pages !== null && ` of ${total_pages}`}
          </span>
          <Button variant="default" disabled={next_page === null} onClick={() => onPage(next_page ?? 1)}>
            Next
          </Button>
        </nav>
      )}
    </>
  )
}

function count({ items, pagination }: Found<unknown>, [one, many]: [string, string]): string {
  const { total_count, current_page } = pagination
  if (total_count !== null) return `${total_count} ${total_count === 1 ? one : many}`
  if (items.length === 0) return `No ${many}`
  return current_page === 1 && pagination.next_page === null
    ? `${items.length} ${items.length === 1 ? one : many}`
    : `${items.length} ${many} on this page`
}
