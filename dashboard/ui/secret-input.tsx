// A field for passwords and tokens: hidden until one asks to see it, by keyboard too.

import { PasswordInput, type PasswordInputProps } from '@mantine/core'
import { useId } from 'react'

/** The library leaves out what tells assistive software of the error and the description. */
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
