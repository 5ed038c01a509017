// Gives a self-hosted link another token, for the same account.

import { Modal } from '@mantine/core'
import { useState } from 'react'
import { nameOfLink } from '../../addresses.ts'
import { type Integration, replaceToken } from '../../api.ts'
import { requireText } from '../../failure.ts'
import { useChange } from '../../queries.ts'
import { DialogForm } from '../../ui/dialog-form.tsx'
import { fieldError, formFailure } from '../../ui/field.ts'
import form from '../../ui/form.module.css'
import { SecretInput } from '../../ui/secret-input.tsx'
import { announce } from '../../ui/toast.tsx'
import { TokenHelp } from '../token-help.tsx'

interface ReplaceTokenDialogProps {
  integration: Integration
  opened: boolean
  onReplaced: () => void
  onClose: () => void
}

export function ReplaceTokenDialog({ integration, opened, onReplaced, onClose }: ReplaceTokenDialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={`Replace the token of ${nameOfLink(integration)}`}>
      <ReplaceTokenForm integration={integration} onReplaced={onReplaced} onClose={onClose} />
    </Modal>
  )
}

function ReplaceTokenForm({ integration, onReplaced, onClose }: Omit<ReplaceTokenDialogProps, 'opened'>) {
  const [token, setToken] = useState('')
  const change = useChange(replace, {
    stale: ['integrations', 'health'],
    done,
  })

  async function replace(value: string) {
    requireText('access_token', value, 'Enter the token')
    return replaceToken(integration.id, value)
  }

  function done() {
    announce(`${nameOfLink(integration)} has its new token.`)
    onReplaced()
    onClose()
  }

  return (
    <DialogForm
      change={change}
      failure={formFailure(change.error, ['access_token'])}
      answer="Replace token"
      onSubmit={() => change.mutate(token.trim())}
      onClose={onClose}
    >
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
      <TokenHelp type={integration.scm_type} address={integration.url} />
    </DialogForm>
  )
}
