// What is known of a link: its address, since when it is there, and what its token may do for how long.

import { hostOf } from '../../addresses.ts'
import type { Integration } from '../../api.ts'
import { usePlatform } from '../../told-platforms.ts'
import { ExternalLink } from '../../ui/external-link.tsx'
import { Time } from '../../ui/time.tsx'
import classes from './integration-card.module.css'

export function LinkFacts({ integration }: { integration: Integration }) {
  const { url, created_at, scopes } = integration
  return (
    <dl className={classes.facts}>
      <div>
        <dt>Address</dt>
        <dd>
          <ExternalLink to={url}>{hostOf(url)}</ExternalLink>
        </dd>
      </div>
      <div>
        <dt>Linked</dt>
        <dd>
          <Time at={created_at} />
        </dd>
      </div>
      <div>
        <dt>Token ends</dt>
        <dd>
          <TokenEnd integration={integration} />
        </dd>
      </div>
      <div>
        <dt>Scopes</dt>
        <dd>{scopesText(scopes)}</dd>
      </div>
    </dl>
  )
}

/** An OAuth token with an expiry date is renewed before it; only a pasted token needs the user then. */
function TokenEnd({ integration: { scm_type, token_expires_at } }: { integration: Integration }) {
  const { self_hosted } = usePlatform(scm_type)
  if (token_expires_at === null) return self_hosted ? 'no date known' : 'not by itself'
  return self_hosted ? <Time at={token_expires_at} /> : 'renewed by itself'
}

function scopesText(scopes: string[] | null): string {
  if (scopes === null) return 'not told by the platform'
  return scopes.length > 0 ? scopes.join(', ') : 'none'
}
