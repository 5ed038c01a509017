// Records why a link was rejected: as an event for its user, and as a log line when our OAuth application is the cause.

import type { LinkErrorReason } from '../audit/event-types.ts'
import type { Actor } from '../audit/events.ts'
import { Failure } from '../failure.ts'
import { type OAuthScmType, type ScmType, settingsPrefix } from '../platforms/scm-types.ts'
import type { Services } from './services.ts'

/** `scmType` null: the given type is unknown. Of the address only host and port are kept. */
export async function recordLinkError(
  { failureTrail }: Services,
  actor: Actor,
  owner: string,
  { scmType, webUrl }: { scmType: ScmType | null; webUrl: string },
  reason: LinkErrorReason,
): Promise<void> {
  const { host } = new URL(webUrl)
  await failureTrail.record(actor, owner, {
    type: 'integration_failure',
    data: { integration_type: scmType, host, reason },
  })
}

/** For the operator, since only they can fix it; the user gets just a page or an answer. */
export function noteApplicationDenied({ log }: Services, scmType: OAuthScmType, error: unknown): void {
  if (!(error instanceof Failure) || error.code !== 'scm_application_refused') return
  const name = settingsPrefix(scmType)
  const check = `${name}_URL ${name}_CLIENT_ID ${name}_CLIENT_SECRET`
  log('scm_application_refused', { scm_type: scmType, ...error.details.log, check })
}
