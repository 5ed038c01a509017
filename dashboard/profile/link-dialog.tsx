// Links an account on GitHub Enterprise Server or GitLab self-hosted, by address and token.

import { Button, Modal, TextInput } from '@mantine/core'
import { useState } from 'react'
import { linkByToken } from '../api.ts'
import { platforms, type SelfHostedType } from '../platforms.ts'
import { useChange } from '../queries.ts'
import { Failed } from '../ui/failed.tsx'
import { fieldError, formFailure } from '../ui/field.ts'
import form from '../ui/form.module.css'
import { Form } from '../ui/form.tsx'
import { Notice } from '../ui/notice.tsx'
import { SecretInput } from '../ui/secret-input.tsx'
import { TokenHelp } from './token-help.tsx'

interface LinkDialogProps {
  type: SelfHostedType | null
  onClose: () => void
  onLinked: (id: string) => void
}

export function LinkDialog({ type, onClose, onLinked }: LinkDialogProps) {
  return (
    <Modal
      opened={type !== null}
      onClose={onClose}
      title={type && `Add ${platforms[type].label}`}
      closeButtonProps={{ 'aria-label': 'Close' }}
      size={520}
    >
      {type && <LinkForm type={type} onClose={onClose} onLinked={onLinked} />}
    </Modal>
  )
}

function LinkForm({ type, onClose, onLinked }: LinkDialogProps & { type: SelfHostedType }) {
  const [address, setAddress] = useState('')
  const [token, setToken] = useState('')
  const linking = useChange(linkByToken, ['integrations'])
  const failure = formFailure(linking.error, ['url', 'access_token'])

  function submit() {
    const onSuccess = ({ id }: { id: string }) => {
      onLinked(id)
      onClose()
    }
    linking.mutate({ scm_type: type, url: address.trim(), access_token: token.trim() }, { onSuccess })
  }

  return (
    <Form error={linking.error} onSubmit={submit}>
      <TextInput
        label="Address"
        placeholder={type === 'github-enterprise' ? 'https://github.example.com' : 'https://gitlab.example.com'}
        inputMode="url"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        data-autofocus
        value={address}
        onChange={(event) => setAddress(event.currentTarget.value)}
        error={fieldError(linking.error, 'url', 'The address')}
      />
      <SecretInput
        className={form.mono}
        label="Personal access token"
        autoComplete="off"
        value={token}
        onChange={(event) => setToken(event.currentTarget.value)}
        error={fieldError(linking.error, 'access_token', 'The token')}
      />
      <TokenHelp type={type} address={address} />
      {failure?.code === 'already_linked' ? (
        <Notice tone="warn">
          <p role="alert">
            You have linked this account already. “Replace token” at that account gives it another token.
          </p>
        </Notice>
      ) : (
        failure && <Failed failure={failure} />
      )}
      <div className={form.actions}>
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={linking.isPending}>
          Link account
        </Button>
      </div>
    </Form>
  )
}
