// What became of a sign-in link: shown once to be passed on, or sent by mail.

import { Button } from '@mantine/core'
import { useEffect, useId } from 'react'
import { focusOn } from '../../ui/focus.ts'
import { Notice } from '../../ui/notice.tsx'
import { ShownOnce } from '../../ui/shown-once.tsx'
import { Time } from '../../ui/time.tsx'
import type { Invitation } from '../api.ts'

interface InvitedProps {
  invitation: Invitation
  username: string
  onClose: () => void
}

export function Invited({ invitation, username, onClose }: InvitedProps) {
  const { url, sent_to, expires_at } = invitation
  if (url === null) return <Sent to={sent_to ?? username} expiresAt={expires_at} onClose={onClose} />
  return (
    <ShownOnce
      key={url}
      title={`Copy the sign-in link of ${username} now`}
      lead={
        <>
          It is shown this once, and works once. Give it to nobody but {username}. It ends <Time at={expires_at} />.
          {sent_to !== null && ` It was also sent to ${sent_to}.`}
        </>
      }
      secret={url}
      label="Copy the link"
      onClose={onClose}
    />
  )
}

function Sent({ to, expiresAt, onClose }: { to: string; expiresAt: string; onClose: () => void }) {
  const id = useId()
  useEffect(() => focusOn(id), [id])
  return (
    <div id={id} tabIndex={-1}>
      <Notice
        tone="good"
        actions={
          <Button variant="default" size="xs" onClick={onClose}>
            Close
          </Button>
        }
      >
        <p>
          Sent to <strong>{to}</strong>. The link works once; it ends <Time at={expiresAt} />.
        </p>
      </Notice>
    </div>
  )
}
