// Chooses the linked account for a search.

import { Select } from '@mantine/core'
import { nameOfLink } from '../addresses.ts'
import type { Integration } from '../api.ts'
import { PlatformLogo } from '../ui/platform-logo.tsx'

interface LinkChoiceProps {
  integrations: Integration[]
  chosen: Integration
  onChoose: (integration: Integration) => void
}

export function LinkChoice({ integrations, chosen, onChoose }: LinkChoiceProps) {
  return (
    <Select
      label="Linked account"
      data={integrations.map((integration) => ({ value: integration.id, label: nameOfLink(integration) }))}
      value={chosen.id}
      leftSection={<PlatformLogo type={chosen.scm_type} size={18} />}
      onChange={(id) => {
        const integration = integrations.find((one) => one.id === id)
        if (integration) onChoose(integration)
      }}
    />
  )
}
