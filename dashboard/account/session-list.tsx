// The list of browsers in which the user is signed in, each with a button to end that.

import { Button } from '@mantine/core'
import { endOwnSession, type OwnSession } from '../api.ts'
import { asFailure } from '../failure.ts'
import { useChange } from '../queries.ts'
import { Failed } from '../ui/failed.tsx'
import { focusOn } from '../ui/focus.ts'
import list from '../ui/list.module.css'
import { Time } from '../ui/time.tsx'
import { announce } from '../ui/toast.tsx'
import { browserWords } from './browser-words.ts'

export function SessionList({ sessions }: { sessions: OwnSession[] }) {
  const ending = useChange((session: OwnSession) => endOwnSession(session.id), { stale: ['own-sessions'], done })

  function done(_nothing: unknown, { user_agent }: OwnSession) {
    announce(`${browserWords(user_agent)} is signed out.`)
    focusOn('your-sessions')
  }

  return (
    <>
      {ending.error && <Failed failure={asFailure(ending.error)} />}
      <ul className={list.list}>
        {sessions.map((session) => (
          <li key={session.id} className={list.row}>
            <div className={list.main}>
              <h3 className={list.name}>{browserWords(session.user_agent)}</h3>
              <p className={list.meta}>
                {session.current && <strong>This browser</strong>}
                {session.remote_ip && <span>From {session.remote_ip}</span>}
                <span>
                  Signed in <Time at={session.created_at} />
                </span>
                <span>
                  Last used <Time at={session.last_used_at} />
                </span>
              </p>
            </div>
            {!session.current && (
              <div className={list.actions}>
                <Button
                  variant="default"
                  size="xs"
                  aria-label={`End ${browserWords(session.user_agent)}, last used ${session.last_used_at}`}
                  onClick={() => ending.mutate(session)}
                >
                  End
                </Button>
              </div>
            )}
          </li>
        ))}
      </ul>
    </>
  )
}
