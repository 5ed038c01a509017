// The page of events: what was done to the account, when, how and from where.

import { useId, useState } from 'react'
import type { EventPage } from '../api.ts'
import { Load } from '../loaded.tsx'
import { useEvents } from '../queries.ts'
import { RowsSkeleton } from '../shell/skeletons.tsx'
import { Empty } from '../ui/empty.tsx'
import { focusOn } from '../ui/focus.ts'
import list from '../ui/list.module.css'
import { Page, Section } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { EventRow } from './event-row.tsx'

export function ActivityPage() {
  const [page, setPage] = useState(1)
  const events = useEvents(page)
  const headingId = useId()

  /** A new page is shown from its top. */
  function turnTo(wanted: number) {
    setPage(wanted)
    focusOn(headingId)
  }

  return (
    <Page
      title="Activity"
      lead="What was done to your account, by you or anybody else. What you do not recognise, look into: revoke its API token, or change your password."
    >
      <Section id={headingId} title="Latest first">
        <Load of={events} skeleton={<RowsSkeleton rows={6} height={68} />}>
          {(found) => <EventList found={found} onPage={turnTo} />}
        </Load>
      </Section>
    </Page>
  )
}

function EventList({ found: { events, pagination }, onPage }: { found: EventPage; onPage: (page: number) => void }) {
  if (events.length === 0) {
    return (
      <Empty icon="clock" title="Nothing here">
        <p>Older events are kept only for as long as the operator of this server has set.</p>
      </Empty>
    )
  }
  return (
    <>
      <ul className={list.list}>
        {events.map((event) => (
          <EventRow key={event.id} event={event} />
        ))}
      </ul>
      <Pager label="Pages of the activity" pagination={pagination} back="Newer" on="Older" onPage={onPage} />
    </>
  )
}
