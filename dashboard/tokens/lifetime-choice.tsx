// Chooses how long a token is valid.

import { Select } from '@mantine/core'
import { fieldError } from '../ui/field.ts'

const DAY_MS = 86_400_000
const LIFETIMES = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'A year' },
  { value: 'never', label: 'No end' },
] as const

export type Lifetime = (typeof LIFETIMES)[number]['value']

/** From now on, as the API has it. */
export function endOf(lifetime: Lifetime): string | null {
  return lifetime === 'never' ? null : new Date(Date.now() + Number(lifetime) * DAY_MS).toISOString()
}

interface LifetimeChoiceProps {
  value: Lifetime
  /** The error of the last sending. */
  error: unknown
  onChange: (value: Lifetime) => void
}

export function LifetimeChoice({ value, error, onChange }: LifetimeChoiceProps) {
  return (
    <Select
      label="It ends after"
      data={LIFETIMES}
      value={value}
      onChange={(chosen) => onChange(LIFETIMES.find((each) => each.value === chosen)?.value ?? 'never')}
      allowDeselect={false}
      error={fieldError(error, 'expires_at', 'The end')}
    />
  )
}
