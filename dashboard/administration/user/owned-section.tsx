// The list of what a user has of one kind, each with a button to remove it.

import { Button } from '@mantine/core'
import { useId, useState } from 'react'
import { Load } from '../../loaded.tsx'
import { useChange } from '../../queries.ts'
import { RowsSkeleton } from '../../shell/skeletons.tsx'
import { focusOn } from '../../ui/focus.ts'
import list from '../../ui/list.module.css'
import { Section } from '../../ui/page.tsx'
import { Pager } from '../../ui/pager.tsx'
import { Question } from '../../ui/question.tsx'
import { announce } from '../../ui/toast.tsx'
import { type Account, removeOwned } from '../api.ts'
import { ADMINISTRATION, useList } from '../queries.ts'
import type { Kind } from './owned.tsx'
import classes from './user.module.css'

interface OwnedSectionProps<Item> {
  user: Account
  kind: Kind<Item>
}

/** A user may have hundreds, and the page has several lists. */
export const PER_PAGE = 10

export function OwnedSection<Item extends { id: string }>({ user, kind }: OwnedSectionProps<Item>) {
  const { name, title, lead, empty, nameOf, row, removal } = kind
  const [page, setPage] = useState(1)
  const [asked, setAsked] = useState<Item | null>(null)
  const items = useList<Item>(`users/${user.id}/${name}`, `page=${page}&per_page=${PER_PAGE}`)
  const headingId = useId()
  const removing = useChange((item: Item) => removeOwned(user.id, name, item.id), { stale: [ADMINISTRATION], done })

  function done(_nothing: unknown, item: Item) {
    announce(`${nameOf(item)} ${removal.done}`)
    setAsked(null)
    focusOn(headingId)
  }

  function turnTo(wanted: number) {
    setPage(wanted)
    focusOn(headingId)
  }

  return (
    <Section id={headingId} title={title} lead={lead}>
      <Load of={items} skeleton={<RowsSkeleton rows={1} height={76} />}>
        {(found) => (
          <div>
            {found.items.length === 0 ? (
              <p className={classes.none}>{page === 1 ? empty : 'There is nothing on this page any more.'}</p>
            ) : (
              <ul className={list.list}>
                {found.items.map((item) =>
                  row(
                    item,
                    <div className={list.actions}>
                      <Button
                        variant="default"
                        size="xs"
                        aria-label={`${removal.answer} ${nameOf(item)}`}
                        onClick={() => setAsked(item)}
                      >
                        {removal.answer}
                      </Button>
                    </div>,
                  ),
                )}
              </ul>
            )}
            <Pager label={`Pages of ${title}`} pagination={found.pagination} onPage={turnTo} />
          </div>
        )}
      </Load>
      <Question
        opened={asked !== null}
        title={removal.title}
        answer={removal.answer}
        danger
        change={removing}
        onYes={() => asked && removing.mutate(asked)}
        onClose={() => setAsked(null)}
      >
        <p>
          <strong>{asked && nameOf(asked)}</strong> {removal.text}
        </p>
      </Question>
    </Section>
  )
}
