// One filter of a list, with a few values to choose from.

import { Select } from '@mantine/core'

interface FilterChoiceProps {
  label: string
  /** What it says when nothing is filtered. */
  all: string
  options: { value: string; label: string }[]
  value: string
  /** Whether there are so many that one types to find one. */
  searchable?: boolean
  onChoose: (value: string) => void
}

export function FilterChoice({ label, all, options, value, searchable = false, onChoose }: FilterChoiceProps) {
  return (
    <Select
      label={label}
      data={[{ value: '', label: all }, ...options]}
      value={value}
      searchable={searchable}
      onChange={(chosen) => onChoose(chosen ?? '')}
    />
  )
}
