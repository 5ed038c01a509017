// The questions before an account is changed in a way that cannot simply be taken back.

import { queryClient, useChange } from '../../queries.ts'
import { pushAddress } from '../../router.ts'
import { Question } from '../../ui/question.tsx'
import { announce } from '../../ui/toast.tsx'
import { type Account, changeUser, type Invitation, inviteUser, removeUser } from '../api.ts'
import { ADMINISTRATION } from '../queries.ts'
import { USERS } from '../users/users-page.tsx'

interface QuestionProps<Answer> {
  user: Account
  opened: boolean
  onClose: () => void
  onDone: (answer: Answer) => void
}

export function RoleQuestion({ user, opened, onClose, onDone }: QuestionProps<void>) {
  const isAdmin = user.role === 'admin'
  // An administrator may demote themselves.
  const change = useChange(changeUser, { stale: [ADMINISTRATION, 'session'], done })

  function done() {
    announce(isAdmin ? `${user.username} is a member now.` : `${user.username} is an administrator now.`)
    onClose()
    onDone()
  }

  return (
    <Question
      opened={opened}
      title={isAdmin ? 'Make a member?' : 'Make an administrator?'}
      answer={isAdmin ? 'Make a member' : 'Make an administrator'}
      change={change}
      onYes={() => change.mutate({ id: user.id, changes: { role: isAdmin ? 'member' : 'admin' } })}
      onClose={onClose}
    >
      <p>
        <strong>{user.username}</strong>{' '}
        {isAdmin
          ? 'no longer sees or changes the accounts of others. Their own stays as it is.'
          : 'sees and changes everybody’s accounts then, and can make others administrators too.'}
      </p>
    </Question>
  )
}

export function InviteQuestion({ user, opened, onClose, onDone }: QuestionProps<Invitation>) {
  const change = useChange(inviteUser, { stale: [ADMINISTRATION], done })

  function done(invitation: Invitation) {
    onClose()
    onDone(invitation)
  }

  return (
    <Question
      opened={opened}
      title="Make a sign-in link?"
      answer="Make the link"
      change={change}
      onYes={() => change.mutate(user.id)}
      onClose={onClose}
    >
      <p>
        With it, whoever opens it first sets a new password and signs in as <strong>{user.username}</strong>. It works
        once, within 24 hours.
      </p>
      <p>When it is used, the sessions and API tokens of the account end.</p>
    </Question>
  )
}

export function DeactivateQuestion({ user, opened, onClose, onDone }: QuestionProps<void>) {
  const change = useChange(changeUser, { stale: [ADMINISTRATION], done })

  function done() {
    announce(`${user.username} is deactivated.`)
    onClose()
    onDone()
  }

  return (
    <Question
      opened={opened}
      title={`Deactivate ${user.username}?`}
      answer="Deactivate"
      danger
      change={change}
      onYes={() => change.mutate({ id: user.id, changes: { active: false } })}
      onClose={onClose}
    >
      <p>
        Their sessions, API tokens and links end now, and do not come back. What OAuth obtained is revoked at the
        platforms, which may take some seconds; you then see which tokens are left.
      </p>
      <p>SSH keys, identities and the trail stay, and the account can be reactivated.</p>
    </Question>
  )
}

export function ReactivateQuestion({ user, opened, onClose, onDone }: QuestionProps<void>) {
  const change = useChange(changeUser, { stale: [ADMINISTRATION], done })

  function done() {
    announce(`${user.username} is active again.`)
    onClose()
    onDone()
  }

  return (
    <Question
      opened={opened}
      title={`Reactivate ${user.username}?`}
      answer="Reactivate"
      change={change}
      onYes={() => change.mutate({ id: user.id, changes: { active: true } })}
      onClose={onClose}
    >
      <p>They can sign in as before. Sessions, API tokens and links that have ended do not come back.</p>
    </Question>
  )
}

export function RemoveQuestion({ user, opened, onClose }: Omit<QuestionProps<void>, 'onDone'>) {
  const change = useChange(removeUser, { done })

  async function done() {
    announce(`${user.username} is removed.`)
    onClose()
    // Only after this page is left: it would fetch what is gone.
    pushAddress(USERS)
    await queryClient.invalidateQueries({ queryKey: [ADMINISTRATION] })
  }

  return (
    <Question
      opened={opened}
      title={`Remove ${user.username}?`}
      answer="Remove"
      danger
      change={change}
      onYes={() => change.mutate(user.id)}
      onClose={onClose}
    >
      <p>
        The account is deleted with all that it has: links, API tokens, sessions, SSH keys and identities. Only the
        trail stays. This cannot be taken back.
      </p>
      <p>
        Tokens that were pasted stay valid at their platforms. To learn which, deactivate{' '}
        <strong>{user.username}</strong> first.
      </p>
    </Question>
  )
}
