// A new or renewed API token: shown only once, with the command that exchanges it.

import { CodeLine } from '../ui/code-line.tsx'
import { ShownOnce } from '../ui/shown-once.tsx'

interface NewTokenProps {
  name: string
  token: string
  publicUrl: string
  onClose: () => void
}

export function NewToken({ name, token, publicUrl, onClose }: NewTokenProps) {
  return (
    <ShownOnce
      title={`Copy “${name}” now`}
      lead="It is shown this once. Forgelink keeps only a fingerprint of it."
      secret={token}
      label="Copy token"
      onClose={onClose}
    >
      <p>This exchanges it for a bearer token of one hour:</p>
      <CodeLine
        code={`curl -X POST --user ":${token}" \\\n  ${publicUrl}/v1/tokens/exchange`}
        label="Copy the exchange command"
      />
    </ShownOnce>
  )
}
