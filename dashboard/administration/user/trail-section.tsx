// What was done to a user's account.

import { useId, useState } from 'react'
import { EventRow } from '../../activity/event-row.tsx'
import { Load } from '../../loaded.tsx'
import { RowsSkeleton } from '../../shell/skeletons.tsx'
import { focusOn } from '../../ui/focus.ts'
import list from '../../ui/list.module.css'
import { Section } from '../../ui/page.tsx'
import { PageLink } from '../../ui/page-link.tsx'
import { Pager } from '../../ui/pager.tsx'
import type { Account, TrailEvent } from '../api.ts'
import { useList } from '../queries.ts'
import { trailOf } from '../users/user-row.tsx'
import { PER_PAGE } from './owned-section.tsx'
import classes from './user.module.css'

export function TrailSection({ user }: { user: Account }) {
  const [page, setPage] = useState(1)
  const headingId = useId()
  const events = useList<TrailEvent>(`users/${user.id}/events`, `page=${page}&per_page=${PER_PAGE}`)

  function turnTo(wanted: number) {
    setPage(wanted)
    focusOn(headingId)
  }

  return (
    <Section
      id={headingId}
      title="Trail"
      lead={
        <>
          What was done to the account, newest first. <PageLink to={trailOf(user.id)}>Filter it</PageLink>
        </>
      }
    >
      <Load of={events} skeleton={<RowsSkeleton rows={4} height={68} />}>
        {(found) =>
          found.items.length === 0 ? (
            <p className={classes.none}>Older events are kept only for as long as the operator has set.</p>
          ) : (
            <div>
              <ul className={list.list}>
                {found.items.map((event) => (
                  <EventRow key={event.id} event={event} />
                ))}
              </ul>
              <Pager label="Pages of the trail" pagination={found.pagination} back="Newer" on="Older" onPage={turnTo} />
            </div>
          )
        }
      </Load>
    </Section>
  )
}
