// The words to search for.

import { CloseButton, Loader, TextInput } from '@mantine/core'
import { Icon } from './icons.tsx'

interface SearchBoxProps {
  placeholder: string
  value: string
  busy: boolean
  error: string | undefined
  onChange: (words: string) => void
}

export function SearchBox({ placeholder, value, busy, error, onChange }: SearchBoxProps) {
  return (
    <TextInput
      type="text"
      role="searchbox"
      label="Search"
      placeholder={placeholder}
      autoComplete="off"
      autoCapitalize="none"
      spellCheck={false}
      leftSection={<Icon name="search" size={18} />}
      rightSection={
        busy ? (
          <Loader size={16} aria-hidden="true" />
        ) : (
          value !== '' && <CloseButton aria-label="Clear the words" onClick={() => onChange('')} />
        )
      }
      value={value}
      error={error}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}
