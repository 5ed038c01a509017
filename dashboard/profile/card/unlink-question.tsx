// Asks before an account is unlinked, and says what happens to its token and its keys.

import { nameOfLink } from '../../addresses.ts'
import { type Integration, unlink } from '../../api.ts'
import { useChange } from '../../queries.ts'
import { usePlatform } from '../../told-platforms.ts'
import { Question } from '../../ui/question.tsx'
import { announce } from '../../ui/toast.tsx'

interface UnlinkQuestionProps {
  integration: Integration
  opened: boolean
  onClose: () => void
  onUnlinked: () => void
}

export function UnlinkQuestion({ integration, opened, onClose, onUnlinked }: UnlinkQuestionProps) {
  const { label, self_hosted } = usePlatform(integration.scm_type)
  const name = nameOfLink(integration)
  const removal = useChange(unlink, { stale: ['integrations'], done })

  function done() {
    announce(`${name} is unlinked.`)
    onUnlinked()
  }

  return (
    <Question
      opened={opened}
      title={`Unlink ${name}?`}
      answer="Unlink"
      danger
      change={removal}
      onYes={() => removal.mutate(integration.id)}
      onClose={onClose}
    >
      <p>Everything that uses this link stops working at once. SSH keys that you imported stay.</p>
      <p>
        {self_hosted
          ? `Forgelink forgets the token. It stays valid at ${label} until you revoke it there.`
          : `Forgelink forgets the token and revokes it at ${label}.`}
      </p>
    </Question>
  )
}
