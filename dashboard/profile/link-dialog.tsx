// Links an account on a self-hosted platform, by address and token.

import { Modal, TextInput } from '@mantine/core'
import { useState } from 'react'
import { nameOfLink } from '../addresses.ts'
import { type Integration, linkByToken, type Platform } from '../api.ts'
import { type Change, useChange } from '../queries.ts'
import { usePlatforms } from '../told-platforms.ts'
import { DialogForm } from '../ui/dialog-form.tsx'
import { fieldError, formFailure } from '../ui/field.ts'
import form from '../ui/form.module.css'
import { Notice } from '../ui/notice.tsx'
import { SecretInput } from '../ui/secret-input.tsx'
import { announce } from '../ui/toast.tsx'
import { TokenHelp } from './token-help.tsx'

interface LinkDialogProps {
  /** null: closed. */
  platform: Platform | null
  onClose: () => void
  onLinked: (id: string) => void
}

export function LinkDialog({ platform, onClose, onLinked }: LinkDialogProps) {
  const linking = useChange(linkByToken, { stale: ['integrations'], done })

  function done(integration: Integration) {
    announce(`${nameOfLink(integration)} is linked.`)
    onLinked(integration.id)
    onClose()
  }

  function close() {
    linking.reset()
    onClose()
  }

  const title = platform && `Add ${platform.label}`
  return (
    // After linking, the focus goes to the news of the link, not back to the button.
    <Modal opened={platform !== null} onClose={close} title={title} size={520} returnFocus={!linking.isSuccess}>
      {platform && <LinkForm platform={platform} linking={linking} onClose={close} />}
    </Modal>
  )
}

interface LinkFormProps {
  platform: Platform
  linking: Change & { mutate: (input: Parameters<typeof linkByToken>[0]) => void }
  onClose: () => void
}

function LinkForm({ platform, linking, onClose }: LinkFormProps) {
  const platforms = usePlatforms()
  const [address, setAddress] = useState('')
  const [token, setToken] = useState('')
  const failure = formFailure(linking.error, ['url', 'access_token'])
  const isThere = failure?.code === 'already_linked'

  return (
    <DialogForm
      change={linking}
      failure={isThere ? undefined : failure}
      answer="Link account"
      onSubmit={() => linking.mutate({ scm_type: platform.scm_type, url: address.trim(), access_token: token.trim() })}
      onClose={onClose}
    >
      <TextInput
        label="Address"
        placeholder={`https://${platform.vendor}.example.com`}
        inputMode="url"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        data-autofocus
        value={address}
        onChange={(event) => setAddress(event.currentTarget.value)}
        error={fieldError(linking.error, 'url', 'The address', platforms)}
      />
      <SecretInput
        className={form.mono}
        label="Personal access token"
        autoComplete="off"
        value={token}
        onChange={(event) => setToken(event.currentTarget.value)}
        error={fieldError(linking.error, 'access_token', 'The token')}
      />
      <TokenHelp type={platform.scm_type} address={address} />
      {isThere && (
        <Notice tone="warn">
          <p role="alert">
            You have linked this account already. “Replace token” at that account gives it another token.
          </p>
        </Notice>
      )}
    </DialogForm>
  )
}
