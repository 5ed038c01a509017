// A list of the administrators' pages: how many there are, the rows, the pager, and why there may be none.

import { Button } from '@mantine/core'
import { type ReactNode, useId } from 'react'
import { Load, type Loaded } from '../../loaded.tsx'
import { RowsSkeleton } from '../../shell/skeletons.tsx'
import { Empty } from '../../ui/empty.tsx'
import { focusOn } from '../../ui/focus.ts'
import list from '../../ui/list.module.css'
import { Pager } from '../../ui/pager.tsx'
import type { Listed as ListedItems } from '../api.ts'
import type { ListAddress } from './list-address.ts'
import classes from './listed.module.css'

interface ListedProps<Item> {
  of: Loaded<ListedItems<Item>>
  address: Pick<ListAddress<string>, 'isFiltered' | 'isSettled' | 'clear' | 'goToPage'>
  /** "user", "users". */
  noun: [string, string]
  /** A button beside the number. */
  action?: ReactNode
  /** Shown when there is nothing at all, whatever the filters. */
  empty: ReactNode
  row: (item: Item) => ReactNode
}

export function Listed<Item>({ of, address, noun, action, empty, row }: ListedProps<Item>) {
  const countId = useId()

  /** A new page is shown from its top. */
  function turnTo(page: number) {
    address.goToPage(page)
    focusOn(countId)
  }

  function clear() {
    address.clear()
    focusOn(countId)
  }

  return (
    <div className={classes.listed}>
      <div className={classes.head}>
        <p className={classes.count} id={countId} tabIndex={-1} role="status">
          {of.state === 'loaded' && countWords(of.value, noun)}
        </p>
        {action}
      </div>
      <Load of={of} skeleton={<RowsSkeleton rows={8} height={68} />}>
        {({ items, pagination }, busy) =>
          items.length === 0 ? (
            <Nothing
              page={pagination.current_page}
              noun={noun}
              empty={empty}
              isFiltered={address.isFiltered}
              onClear={clear}
              onPage={turnTo}
            />
          ) : (
            <div className={classes.found} data-busy={busy || !address.isSettled}>
              <ul className={list.list}>{items.map(row)}</ul>
              <Pager label={`Pages of ${noun[1]}`} pagination={pagination} onPage={turnTo} />
            </div>
          )
        }
      </Load>
    </div>
  )
}

const number = new Intl.NumberFormat('en')

/** Above 10,000 the server does not count. */
function countWords({ items, pagination: { total_count } }: ListedItems<unknown>, [one, many]: [string, string]) {
  if (total_count === null) return `More than 10,000 ${many}`
  if (items.length === 0 && total_count === 0) return `No ${many}`
  return `${number.format(total_count)} ${total_count === 1 ? one : many}`
}

interface NothingProps {
  page: number
  noun: [string, string]
  empty: ReactNode
  isFiltered: boolean
  onClear: () => void
  onPage: (page: number) => void
}

function Nothing({ page, noun, empty, isFiltered, onClear, onPage }: NothingProps) {
  if (page > 1) {
    return (
      <Empty icon="search" title={`There is nothing on page ${page}`}>
        <Button variant="default" mt="sm" onClick={() => onPage(1)}>
          Go to page 1
        </Button>
      </Empty>
    )
  }
  if (!isFiltered) return empty
  return (
    <Empty icon="search" title={`No ${noun[1]} match`}>
      <p>Try fewer letters, or wider filters.</p>
      <Button variant="default" mt="sm" onClick={onClear}>
        Clear the filters
      </Button>
    </Empty>
  )
}
