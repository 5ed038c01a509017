// One linked account: its name, its status with what to do about it, and its actions.

import { Button } from '@mantine/core'
import { useState } from 'react'
import { hostOf } from '../addresses.ts'
import { type Integration, importKeys } from '../api.ts'
import { asFailure } from '../failure.ts'
import { linkPage, publicPath } from '../public-path.ts'
import { useChange, useHealth } from '../queries.ts'
import { followLink } from '../router.ts'
import { usePlatform } from '../told-platforms.ts'
import { ExternalLink } from '../ui/external-link.tsx'
import { Failed } from '../ui/failed.tsx'
import { focusOn } from '../ui/focus.ts'
import { Icon } from '../ui/icons.tsx'
import { PlatformLogo } from '../ui/platform-logo.tsx'
import { Time } from '../ui/time.tsx'
import { capitalized } from '../ui/words.ts'
import { ImportResult } from './import-result.tsx'
import classes from './integration-card.module.css'
import { LinkProblems, LinkStatusLine } from './link-status.tsx'
import { Portrait } from './portrait.tsx'
import { ReplaceTokenDialog } from './replace-token-dialog.tsx'
import { adviceFor, statusOf } from './status.ts'
import { UnlinkQuestion } from './unlink-question.tsx'

interface IntegrationCardProps {
  integration: Integration
  onUnlinked: () => void
}

export function IntegrationCard({ integration, onUnlinked }: IntegrationCardProps) {
  const { id, scm_type, username, url, profile_url, created_at } = integration
  const platform = usePlatform(scm_type)
  const { label, self_hosted, words } = platform
  const health = useHealth(integration)
  const status = statusOf(integration, platform, health)
  const importing = useChange(importKeys, { stale: ['keys'] })
  const [asking, setAsking] = useState<'unlink' | 'token' | null>(null)
  const close = () => setAsking(null)
  const headingId = `link-${id}`

  function closeResult() {
    importing.reset()
    focusOn(headingId)
  }

  return (
    <article className={classes.card} aria-label={`${label}: ${username}`}>
      <header className={classes.head}>
        <Portrait id={id} username={username} />
        <div className={classes.who}>
          <h3 className={classes.name} id={headingId} tabIndex={-1}>
            <ExternalLink to={profile_url}>{username}</ExternalLink>
          </h3>
          <p className={classes.platform}>
            <PlatformLogo type={scm_type} size={18} />
            {label}
          </p>
        </div>
        <LinkStatusLine status={status} />
      </header>

      <LinkProblems status={status} />
      {health.state === 'failed' && <Failed failure={health.failure} retry={health.retry} />}

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
            <TokenEnd integration={integration} selfHosted={self_hosted} />
          </dd>
        </div>
        <div>
          <dt>Scopes</dt>
          <dd>{scopesText(integration.scopes)}</dd>
        </div>
      </dl>

      <div>
        <div className={classes.actions}>
          <Button
            variant="default"
            leftSection={<Icon name="import" size={16} />}
            loading={importing.isPending}
            onClick={() => importing.mutate(id)}
          >
            Import SSH keys
          </Button>
          {self_hosted ? (
            <Button variant={status.wantsToken ? 'filled' : 'default'} onClick={() => setAsking('token')}>
              Replace token
            </Button>
          ) : (
            status.wantsToken && (
              <Button component="a" href={linkPage(scm_type, id)}>
                Link again
              </Button>
            )
          )}
          <Button variant="subtle" color="danger" onClick={() => setAsking('unlink')}>
            Unlink
          </Button>
          <span className={classes.searches}>
            <a href={publicPath(`/repositories?link=${id}`)} onClick={followLink}>
              Repositories
            </a>
            <a href={publicPath(`/pull-requests?link=${id}`)} onClick={followLink}>
              {capitalized(words.change_requests)}
            </a>
          </span>
        </div>

        <div aria-live="polite" className={classes.outcome}>
          {importing.isSuccess && <ImportResult result={importing.data} onClose={closeResult} />}
          {importing.isError && (
            <Failed
              failure={asFailure(importing.error)}
              message={adviceFor(asFailure(importing.error).code, platform)}
              retry={() => importing.mutate(id)}
            />
          )}
        </div>
      </div>

      <UnlinkQuestion integration={integration} opened={asking === 'unlink'} onClose={close} onUnlinked={onUnlinked} />
      {self_hosted && (
        <ReplaceTokenDialog
          integration={integration}
          opened={asking === 'token'}
          onReplaced={importing.reset}
          onClose={close}
        />
      )}
    </article>
  )
}

/** An OAuth token with an expiry date is renewed before it; only a pasted token needs the user then. */
function TokenEnd({ integration, selfHosted }: { integration: Integration; selfHosted: boolean }) {
  const { token_expires_at } = integration
  if (token_expires_at === null) return selfHosted ? 'no date known' : 'not by itself'
  return selfHosted ? <Time at={token_expires_at} /> : 'renewed by itself'
}

function scopesText(scopes: string[] | null): string {
  if (scopes === null) return 'not told by the platform'
  return scopes.length > 0 ? scopes.join(', ') : 'none'
}
