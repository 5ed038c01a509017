// Links an account on a self-hosted platform, by address and token.

import { Button, Modal, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Hint } from '../../src/failure.ts'
import { nameOfLink, withScheme } from '../addresses.ts'
import { type Integration, linkByToken, type Platform } from '../api.ts'
import { requireText } from '../failure.ts'
import { type Change, useChange } from '../queries.ts'
import { usePlatforms } from '../told-platforms.ts'
import { DialogForm } from '../ui/dialog-form.tsx'
import { fieldError, fieldHint, formFailure } from '../ui/field.ts'
import form from '../ui/form.module.css'
import { Notice } from '../ui/notice.tsx'
import { SecretInput } from '../ui/secret-input.tsx'
import { announce } from '../ui/toast.tsx'
import { TokenHelp } from './token-help.tsx'

interface LinkDialogProps {
  /** null: closed. */
  platform: Platform | null
  /** Another platform is at the address. */
  onPlatform: (platform: Platform) => void
  onClose: () => void
  onLinked: (id: string) => void
}

type LinkInput = Parameters<typeof linkByToken>[0]

async function linkFilled(input: LinkInput): Promise<Integration> {
  requireText('url', input.url, 'Enter the address')
  requireText('access_token', input.access_token, 'Enter the token')
  return linkByToken(input)
}

export function LinkDialog({ platform, onPlatform, onClose, onLinked }: LinkDialogProps) {
  const linking = useChange(linkFilled, { stale: ['integrations'], done })

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
      {platform && <LinkForm platform={platform} linking={linking} onPlatform={onPlatform} onClose={close} />}
    </Modal>
  )
}

interface LinkFormProps extends Pick<LinkDialogProps, 'onPlatform' | 'onClose'> {
  platform: Platform
  linking: Change & { mutate: (input: LinkInput) => void }
}

function LinkForm({ platform, linking, onPlatform, onClose }: LinkFormProps) {
  const [address, setAddress] = useState('')
  const [token, setToken] = useState('')
  const failure = formFailure(linking.error, ['url', 'access_token'])
  const isThere = failure?.code === 'already_linked'

  function send(type: Platform, typed: string) {
    const url = withScheme(typed)
    setAddress(url)
    linking.mutate({ scm_type: type.scm_type, url, access_token: token.trim() })
  }

  function sendFor(other: Platform) {
    onPlatform(other)
    send(other, address)
  }

  return (
    <DialogForm
      change={linking}
      failure={isThere ? undefined : failure}
      answer="Link account"
      onSubmit={() => send(platform, address)}
      onClose={onClose}
    >
      <AddressField
        platform={platform}
        address={address}
        error={linking.error}
        onChange={setAddress}
        onAddress={(url) => send(platform, url)}
        onPlatform={sendFor}
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

interface AddressFieldProps extends Omit<InsteadProps, 'hint'> {
  platform: Platform
  address: string
  error: unknown
  onChange: (address: string) => void
}

function AddressField({ platform, address, error, onChange, ...instead }: AddressFieldProps) {
  const platforms = usePlatforms()
  return (
    <>
      <TextInput
        label="Address"
        placeholder={`https://${platform.vendor}.example.com`}
        inputMode="url"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        data-autofocus
        value={address}
        onChange={(event) => onChange(event.currentTarget.value)}
        onBlur={() => onChange(withScheme(address))}
        error={fieldError(error, 'url', 'The address', platforms)}
      />
      <Instead hint={fieldHint(error, 'url')} {...instead} />
    </>
  )
}

interface InsteadProps {
  hint: Hint | undefined
  onAddress: (url: string) => void
  onPlatform: (platform: Platform) => void
}

/** The button that does what the server suggests about the address. */
function Instead({ hint, onAddress, onPlatform }: InsteadProps) {
  const { url, scm_type, action } = hint ?? {}
  const other = usePlatforms().find((platform) => platform.scm_type === scm_type)
  if (action === 'use_address' && url !== undefined) {
    return <InsteadButton text={`Use ${url}`} onClick={() => onAddress(url)} />
  }
  return action === 'use_scm_type' && other ? (
    <InsteadButton text={`Add it as ${other.label}`} onClick={() => onPlatform(other)} />
  ) : null
}

function InsteadButton({ text, onClick }: { text: string; onClick: () => void }) {
  return (
    <div className={form.instead}>
      <Button variant="default" size="xs" onClick={onClick}>
        {text}
      </Button>
    </div>
  )
}
