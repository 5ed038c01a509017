// An event in a list: what was done, when, by whom and from where.

import type { ReactNode } from 'react'
import { usePlatforms } from '../told-platforms.ts'
import list from '../ui/list.module.css'
import { Time } from '../ui/time.tsx'
import { type AnyEvent, eventWords, meansWords } from './words.ts'

interface EventRowProps {
  event: AnyEvent
  /** Whose account it is about, where a list has events of several. */
  whose?: ReactNode
}

export function EventRow({ event, whose }: EventRowProps) {
  const platforms = usePlatforms()
  return (
    <li className={list.row}>
      <div className={list.main}>
        <p className={list.name}>{eventWords(event, platforms)}</p>
        <p className={list.meta}>
          {whose}
          <span>
            <Time at={event.created_at} />
          </span>
          <span>{meansWords(event)}</span>
          {event.remote_ip !== null && <span>from {event.remote_ip}</span>}
        </p>
      </div>
    </li>
  )
}
