// The fields of an account that administrators type: its user name and e-mail address.

import { TextInput } from '@mantine/core'
import { fieldError } from '../ui/field.ts'

export interface AccountNames {
  username: string
  email: string
}

interface AccountFieldsProps {
  value: AccountNames
  onChange: (value: AccountNames) => void
  /** Of the change that was refused. */
  error: Error | null
}

export function AccountFields({ value, onChange, error }: AccountFieldsProps) {
  return (
    <>
      <TextInput
        label="User name"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        data-autofocus
        value={value.username}
        onChange={(event) => onChange({ ...value, username: event.currentTarget.value })}
        error={fieldError(error, 'username', 'The user name')}
      />
      <TextInput
        label="E-mail address"
        description="May be left empty. Nobody else may have it."
        type="email"
        autoComplete="off"
        value={value.email}
        onChange={(event) => onChange({ ...value, email: event.currentTarget.value })}
        error={fieldError(error, 'email', 'The address')}
      />
    </>
  )
}

/** As the API takes them. */
export function trimmed({ username, email }: AccountNames) {
  return { username: username.trim(), email: email.trim() || null }
}
