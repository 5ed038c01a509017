// A field for passwords and tokens: hidden until the user asks to see it, also by keyboard.

import { PasswordInput, type PasswordInputProps } from '@mantine/core'
import { useId } from 'react'

/** The library does not connect error and description to the field for screen readers, so this does. */
export function SecretInput({ error, description, ...rest }: PasswordInputProps) {
  const id = useId()
  const described = [error && `${id}-error`, description && `${id}-description`].filter(Boolean).join(' ')
  return (
    <PasswordInput
      {...rest}
      id={id}
      error={error}
      description={description}
      aria-invalid={error ? true : undefined}
      aria-describedby={described || undefined}
      visibilityToggleFocusable
      visibilityToggleButtonProps={{ 'aria-label': 'Show what is typed' }}
    />
  )
}
