// The results of a search: their number, warnings, the list, and the links to other pages.

import { Button } from '@mantine/core'
import { type ReactNode, useId } from 'react'
import type { Found, Integration, Platform } from '../api.ts'
import type { Loaded } from '../loaded.tsx'
import { publicPath } from '../public-path.ts'
import { followLink } from '../router.ts'
import { RowsSkeleton } from '../shell/skeletons.tsx'
import { usePlatform } from '../told-platforms.ts'
import { Empty } from '../ui/empty.tsx'
import { Failed } from '../ui/failed.tsx'
import { focusOn } from '../ui/focus.ts'
import { Notice } from '../ui/notice.tsx'
import { Pager } from '../ui/pager.tsx'
import classes from './results.module.css'

interface ResultsProps<T> {
  found: Loaded<Found<T>>
  link: Integration
  page: number
  /** "repository", "repositories". */
  noun: [string, string]
  /** The words of the search, shown when nothing was found. */
  words: string
  onPage: (page: number) => void
  children: (item: T) => ReactNode
}

export function Results<T>({ found, link, page, noun, words, onPage, children }: ResultsProps<T>) {
  const countId = useId()
  const platform = usePlatform(link.scm_type)

  /** A new page is shown from its top. */
  function turnTo(wanted: number) {
    onPage(wanted)
    focusOn(countId)
  }

  return (
    <div className={classes.results} aria-busy={found.state === 'loading'}>
      <p className={classes.count} id={countId} tabIndex={-1} role="status" aria-live="polite">
        {found.state === 'loading' && 'Searching…'}
        {found.state === 'loaded' && count(found.value, noun)}
      </p>
      {found.state === 'loading' && <RowsSkeleton rows={4} height={74} />}
      {found.state === 'failed' && <SearchFailed found={found} />}
      {found.state === 'loaded' &&
        found.value.warnings.map((warning) => (
          <Notice key={warning} tone="warn">
            <p>{warning}</p>
          </Notice>
        ))}
      {found.state === 'loaded' &&
        (found.value.items.length === 0 ? (
          <NothingFound page={page} noun={noun} hint={hintFor(platform, words)} onPage={turnTo} />
        ) : (
          <FoundList found={found.value} busy={found.busy} onPage={turnTo}>
            {children}
          </FoundList>
        ))}
    </div>
  )
}

/** An invalid query is reported at its field. */
function SearchFailed({ found }: { found: Loaded<unknown> & { state: 'failed' } }) {
  const { failure, retry } = found
  if (failure.fields.query) return null
  return (
    <Failed failure={failure} retry={retry}>
      {failure.status === 403 && (
        <p>
          <a href={publicPath('/profile')} onClick={followLink}>
            See what to do about this link
          </a>
        </p>
      )}
    </Failed>
  )
}

interface NothingFoundProps {
  page: number
  noun: [string, string]
  hint: string
  onPage: (page: number) => void
}

function NothingFound({ page, noun, hint, onPage }: NothingFoundProps) {
  if (page === 1) {
    return (
      <Empty icon="search" title={`No ${noun[1]} found`}>
        <p>{hint}</p>
      </Empty>
    )
  }
  return (
    <Empty icon="search" title={`There is nothing on page ${page}`}>
      <Button variant="default" onClick={() => onPage(1)}>
        Go to page 1
      </Button>
    </Empty>
  )
}

function hintFor({ short_words }: Platform, words: string): string {
  const isShort = words.split(/\s+/).some((word) => word.length > 0 && word.length < (short_words?.fewer_than ?? 0))
  return short_words && isShort ? short_words.hint : 'Try fewer words, or a wider filter.'
}

interface FoundListProps<T> {
  found: Found<T>
  busy: boolean
  onPage: (page: number) => void
  children: (item: T) => ReactNode
}

function FoundList<T>({ found, busy, onPage, children }: FoundListProps<T>) {
  const { items, pagination } = found
  return (
    <>
      <ul className={classes.list} data-busy={busy}>
        {items.map(children)}
      </ul>
      <Pager label="Pages of results" pagination={pagination} onPage={onPage} />
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
