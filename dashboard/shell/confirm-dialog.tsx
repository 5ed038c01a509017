// Asks the user to prove who they are when the server requires it for an action: with a password the action then goes on;
// at the provider the browser leaves the page and comes back to it.

import { Button, Modal } from '@mantine/core'
import { useEffect, useState } from 'react'
import { confirmPassword, csrfToken, type Session, whenPasswordIsNeeded } from '../api.ts'
import { publicPath } from '../public-path.ts'
import { useChange } from '../queries.ts'
import { DialogForm } from '../ui/dialog-form.tsx'
import { fieldError, formFailure } from '../ui/field.ts'
import { SecretInput } from '../ui/secret-input.tsx'
import classes from './confirm-dialog.module.css'

type Answer = (isGiven: boolean) => void

export function ConfirmDialog({ session }: { session: Session }) {
  const [answer, setAnswer] = useState<Answer | null>(null)

  useEffect(() => {
    whenPasswordIsNeeded(() => new Promise<boolean>((resolve) => setAnswer(() => resolve)))
  }, [])

  function end(isGiven: boolean) {
    answer?.(isGiven)
    setAnswer(null)
  }

  return (
    // Shown above the dialog from which the action came.
    <Modal opened={answer !== null} onClose={() => end(false)} title="Confirm that it is you" zIndex={300}>
      {session.has_password && <ConfirmForm username={session.user.username} onEnd={end} />}
      {session.provider && <ProviderForm label={session.provider.label} isOnly={!session.has_password} />}
    </Modal>
  )
}

function ConfirmForm({ username, onEnd }: { username: string; onEnd: Answer }) {
  const [current, setCurrent] = useState('')
  const change = useChange(confirmPassword, { done: () => onEnd(true) })

  return (
    <DialogForm
      change={change}
      failure={formFailure(change.error, ['current'])}
      answer="Confirm"
      onSubmit={() => change.mutate(current)}
      onClose={() => onEnd(false)}
    >
      <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
      <SecretInput
        label="Password"
        description="You signed in more than five minutes ago."
        autoComplete="current-password"
        data-autofocus
        value={current}
        onChange={(event) => setCurrent(event.currentTarget.value)}
        error={fieldError(change.error, 'current', 'This password')}
      />
    </DialogForm>
  )
}

/** A form and no call: the browser goes to the provider. */
function ProviderForm({ label, isOnly }: { label: string; isOnly: boolean }) {
  return (
    <form method="post" action={publicPath('/sign-in/oidc')} className={classes.provider}>
      <input type="hidden" name="csrf" value={csrfToken()} />
      <input type="hidden" name="return_to" value={`${location.pathname}${location.search}`} />
      {isOnly && (
        <p>You last proved who you are more than five minutes ago. Sign in at {label}, then repeat this here.</p>
      )}
      <Button type="submit" variant={isOnly ? 'filled' : 'default'}>
        Sign in again with {label}
      </Button>
    </form>
  )
}
