// Gives a self-hosted link another token, for the same account.

import { Button, Modal } from '@mantine/core'
import { useState } from 'react'
import { type Integration, replaceToken } from '../api.ts'
import { nameOfLink, type SelfHostedType } from '../platforms.ts'
import { useChange } from '../queries.ts'
import { Failed } from '../ui/failed.tsx'
import { fieldError, formFailure } from '../ui/field.ts'
import form from '../ui/form.module.css'
import { Form } from '../ui/form.tsx'
import { SecretInput } from '../ui/secret-input.tsx'
import { announce } from '../ui/toast.tsx'
import { TokenHelp } from './token-help.tsx'

interface ReplaceTokenDialogProps {
  integration: Integration
  opened: boolean
  onClose: () => void
}

export function ReplaceTokenDialog({ integration, opened, onClose }: ReplaceTokenDialogProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={`Replace the token of ${nameOfLink(integration)}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <ReplaceTokenForm integration={integration} onClose={onClose} />
    </Modal>
  )
}

function ReplaceTokenForm({ integration, onClose }: Omit<ReplaceTokenDialogProps, 'opened'>) {
  const [token, setToken] = useState('')
  const change = useChange((value: string) => replaceToken(integration.id, value), ['integrations', 'health'])
  const failure = formFailure(change.error, ['access_token'])

  function submit() {
    const onSuccess = () => {
      announce(`${nameOfLink(integration)} has its new token.`)
      onClose()
    }
    change.mutate(token.trim(), { onSuccess })
  }

  return (
    <Form error={change.error} onSubmit={submit}>
      <SecretInput
        className={form.mono}
        label="New token"
        description={`It must belong to ${integration.username}.`}
        autoComplete="off"
        data-autofocus
        value={token}
        onChange={(event) => setToken(event.currentTarget.value)}
        error={fieldError(change.error, 'access_token', 'The token')}
      />
      <TokenHelp type={integration.scm_type as SelfHostedType} address={integration.url} />
      {failure && <Failed failure={failure} />}
      <div className={form.actions}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={change.isPending}>
          Replace token
        </Button>
      </div>
    </Form>
  )
}
