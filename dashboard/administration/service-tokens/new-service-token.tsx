// A new service token: shown only once, with a first call for what it may do.

import { CodeLine } from '../../ui/code-line.tsx'
import { ShownOnce } from '../../ui/shown-once.tsx'
import type { ServiceScope, ServiceToken } from '../api.ts'

interface NewServiceTokenProps {
  service: ServiceToken
  token: string
  publicUrl: string
  onClose: () => void
}

/** The first that the token may do is shown. */
const calls: { scope: ServiceScope; lead: string; command: (token: string, url: string, user: object) => string }[] = [
  {
    scope: 'users:act',
    lead: 'This exchanges it for a JWT of a user:',
    command: (token, url, user) =>
      `curl -X POST --user ":${token}" \\\n  -H "Content-Type: application/json" \\\n  -d '${JSON.stringify({ user })}' \\\n  ${url}/v1/tokens/exchange`,
  },
  {
    scope: 'admin:read',
    lead: 'This lists the accounts:',
    command: (token, url) => `curl -H "Authorization: Bearer ${token}" \\\n  ${url}/v1/admin/users`,
  },
  {
    scope: 'scim',
    lead: 'An identity provider sends it as bearer token to this address, as in:',
    command: (token, url) => `curl -H "Authorization: Bearer ${token}" \\\n  ${url}/scim/v2/Users`,
  },
]

export function NewServiceToken({ service, token, publicUrl, onClose }: NewServiceTokenProps) {
  const call = calls.find(({ scope }) => service.scopes.includes(scope))
  const [issuer] = service.issuers
  // A service without issuers names its users by their ids.
  const user = issuer === undefined ? { id: 'us-…' } : { issuer, subject: '42' }
  return (
    <ShownOnce
      title={`Copy “${service.name}” now`}
      lead="It is shown this once. Forgelink keeps only a fingerprint of it."
      secret={token}
      label="Copy token"
      onClose={onClose}
    >
      {call && (
        <>
          <p>{call.lead}</p>
          <CodeLine code={call.command(token, publicUrl, user)} label="Copy the command" />
        </>
      )}
    </ShownOnce>
  )
}
