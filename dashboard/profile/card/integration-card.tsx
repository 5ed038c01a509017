// One linked account: its name, its status with what to do about it, and its actions.

import { useState } from 'react'
import { type Integration, importKeys } from '../../api.ts'
import { asFailure } from '../../failure.ts'
import { useChange, useHealth } from '../../queries.ts'
import { usePlatform } from '../../told-platforms.ts'
import { ExternalLink } from '../../ui/external-link.tsx'
import { Failed } from '../../ui/failed.tsx'
import { focusOn } from '../../ui/focus.ts'
import { PlatformLogo } from '../../ui/platform-logo.tsx'
import { Portrait } from '../../ui/portrait.tsx'
import { CardActions } from './card-actions.tsx'
import { ImportResult } from './import-result.tsx'
import classes from './integration-card.module.css'
import { LinkFacts } from './link-facts.tsx'
import { LinkProblems, LinkStatusLine } from './link-status.tsx'
import { ReplaceTokenDialog } from './replace-token-dialog.tsx'
import { adviceFor, statusOf } from './status.ts'
import { UnlinkQuestion } from './unlink-question.tsx'

interface IntegrationCardProps {
  integration: Integration
  onUnlinked: () => void
}

export function IntegrationCard({ integration, onUnlinked }: IntegrationCardProps) {
  const { id, scm_type, username, profile_url } = integration
  const platform = usePlatform(scm_type)
  const check = useHealth(integration)
  const status = statusOf(integration, platform, check.health)
  const importing = useChange(importKeys, { stale: ['keys'] })
  const [asking, setAsking] = useState<'unlink' | 'token' | null>(null)
  const close = () => setAsking(null)
  const headingId = `link-${id}`

  return (
    <article className={classes.card} aria-label={`${platform.label}: ${username}`}>
      <header className={classes.head}>
        <Portrait id={id} username={username} size={48} />
        <div className={classes.who}>
          <h3 className={classes.name} id={headingId} tabIndex={-1}>
            <ExternalLink to={profile_url}>{username}</ExternalLink>
          </h3>
          <p className={classes.platform}>
            <PlatformLogo type={scm_type} size={18} />
            {platform.label}
          </p>
        </div>
        <LinkStatusLine status={status} check={check} />
      </header>
      <LinkProblems status={status} />
      {check.health.state === 'failed' && <Failed failure={check.health.failure} retry={check.health.retry} />}
      <LinkFacts integration={integration} />
      <div>
        <CardActions
          integration={integration}
          isImporting={importing.isPending}
          wantsToken={status.wantsToken}
          onImport={() => importing.mutate(id)}
          onReplaceToken={() => setAsking('token')}
          onUnlink={() => setAsking('unlink')}
        />
        <ImportOutcome
          importing={importing}
          integration={integration}
          hasLinkAgain={status.wantsToken}
          onClose={() => focusOn(headingId)}
        />
      </div>
      <UnlinkQuestion integration={integration} opened={asking === 'unlink'} onClose={close} onUnlinked={onUnlinked} />
      {platform.self_hosted && (
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

interface ImportOutcomeProps {
  importing: ReturnType<typeof useChange<string, Awaited<ReturnType<typeof importKeys>>>>
  integration: Integration
  hasLinkAgain: boolean
  onClose: () => void
}

function ImportOutcome({ importing, integration, hasLinkAgain, onClose }: ImportOutcomeProps) {
  const platform = usePlatform(integration.scm_type)

  function close() {
    importing.reset()
    onClose()
  }

  return (
    <div aria-live="polite" className={classes.outcome}>
      {importing.isSuccess && <ImportResult result={importing.data} onClose={close} />}
      {importing.isError && (
        <Failed
          failure={asFailure(importing.error)}
          message={adviceFor(asFailure(importing.error).code, platform)}
          retry={() => importing.mutate(integration.id)}
          hasLinkAgain={hasLinkAgain}
        />
      )}
    </div>
  )
}
