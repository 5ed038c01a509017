// The boxes for what a token may do.

import { Checkbox } from '@mantine/core'
import { fieldError } from '../ui/field.ts'

interface ScopeChoiceProps {
  /** What each scope means, in the order of the boxes. */
  words: Record<string, string>
  value: string[]
  onChange: (scopes: string[]) => void
  /** Of the change that was refused. */
  error: Error | null
}

export function ScopeChoice({ words, value, onChange, error }: ScopeChoiceProps) {
  return (
    <Checkbox.Group label="It may" value={value} onChange={onChange} error={fieldError(error, 'scopes', 'The list')}>
      {Object.entries(words).map(([scope, label]) => (
        <Checkbox key={scope} value={scope} label={label} mt="xs" />
      ))}
    </Checkbox.Group>
  )
}
