// What is refused leaves a trace: a link for where it leads or whose it is an event, our OAuth application a line in the log.

import type { LinkErrorReason } from '../audit/event-types.ts'
import type { Actor } from '../audit/events.ts'
import { Failure } from '../failure.ts'
import { type OAuthScmType, type ScmType, settingsPrefix } from '../platforms/scm-types.ts'
import type { Services } from './services.ts'

/** `scmType` null: what was given is none. Of the address only host and port are kept. */
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

/** For the operator, who alone can mend it: people see a page or an answer only. */
export function noteApplicationDenied({ log }: Services, scmType: OAuthScmType, error: unknown): void {
  if (!(error instanceof Failure) || error.code !== 'scm_application_refused') return
  const name = settingsPrefix(scmType)
  const check = `${name}_URL ${name}_CLIENT_ID ${name}_CLIENT_SECRET`
  log('scm_application_refused', { scm_type: scmType, ...error.details.log, check })
}
