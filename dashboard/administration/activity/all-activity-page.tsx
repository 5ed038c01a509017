// Everybody's trail: what was done to all accounts, when, and by whom.

import { TextInput } from '@mantine/core'
import { EventRow } from '../../activity/event-row.tsx'
import { eventTypes } from '../../activity/words.ts'
import { readableQuery } from '../../api.ts'
import { Empty } from '../../ui/empty.tsx'
import { Page } from '../../ui/page.tsx'
import { PageLink } from '../../ui/page-link.tsx'
import { capitalized } from '../../ui/words.ts'
import type { TrailEvent } from '../api.ts'
import { FilterChoice } from '../list/filter-choice.tsx'
import { FilterPanel, OnlyOf } from '../list/filter-panel.tsx'
import { useListAddress } from '../list/list-address.ts'
import { Listed } from '../list/listed.tsx'
import { useList } from '../queries.ts'
import { pageOfUser } from '../users/user-row.tsx'

/** As the API names them, so that one finds the same by either way. */
const TYPES = eventTypes.map((type) => ({ value: type, label: capitalized(type.replaceAll('_', ' ')) })).sort(byLabel)

function byLabel(one: { label: string }, other: { label: string }): number {
  return one.label < other.label ? -1 : 1
}

export function AllActivityPage() {
  const address = useListAddress('/administration/activity', ['type', 'from', 'to', 'user'])
  const { filters, settled, choose, type } = address
  const events = useList<TrailEvent>('events', inTimes(settled))

  return (
    <Page
      title="All activity"
      lead="What was done to all accounts, newest first: by their users, and by others for them."
    >
      <FilterPanel even>
        <FilterChoice
          label="What"
          all="Anything"
          searchable
          options={TYPES}
          value={filters.type}
          onChoose={(chosen) => choose('type', chosen)}
        />
        <TextInput
          label="From"
          type="date"
          value={filters.from}
          onChange={(event) => type('from', event.currentTarget.value)}
        />
        <TextInput
          label="Until"
          type="date"
          value={filters.to}
          onChange={(event) => type('to', event.currentTarget.value)}
        />
        {filters.user && <OnlyOf user={filters.user} onAll={() => choose('user', '')} />}
      </FilterPanel>
      <Listed
        of={events}
        address={address}
        noun={['event', 'events']}
        empty={
          <Empty icon="clock" title="Nothing here">
            <p>Older events are kept only for as long as the operator of this server has set.</p>
          </Empty>
        }
        row={(event) => <EventRow key={event.id} event={event} whose={<Whose event={event} />} />}
      />
    </Page>
  )
}

/** Of a user who was removed only the name is left; some events are of nobody's account. */
function Whose({ event: { user } }: { event: TrailEvent }) {
  if (user === null) return null
  return (
    <span>
      Account of <PageLink to={pageOfUser(user.id)}>{user.username}</PageLink>
    </span>
  )
}

/** People name days, both of them included, where they are; the API has times, of which the second is not. */
function inTimes(query: string): string {
  const params = new URLSearchParams(query)
  for (const [name, days] of [
    ['from', 0],
    ['to', 1],
  ] as const) {
    const [, year, month, day] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(params.get(name) ?? '') ?? []
    if (year !== undefined)
      params.set(name, new Date(Number(year), Number(month) - 1, Number(day) + days).toISOString())
  }
  return readableQuery(params)
}
