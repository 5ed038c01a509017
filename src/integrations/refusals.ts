// A link that is refused for where it leads, or for whose it is, leaves an event.

import type { RefusalReason } from '../audit/event-types.ts'
import type { Actor } from '../audit/events.ts'
import { recordFailure } from '../audit/failures.ts'
import type { Database } from '../database/database.ts'
import type { ScmType } from '../platforms/scm-types.ts'

/** `scmType` null: what was given is none. Of the address only host and port are kept. */
export async function recordRefusal(
  database: Database,
  actor: Actor,
  owner: string,
  { scmType, webRoot }: { scmType: ScmType | null; webRoot: string },
  reason: RefusalReason,
): Promise<void> {
  const { host } = new URL(webRoot)
  await recordFailure(database, actor, owner, {
    type: 'integration_failure',
    data: { integration_type: scmType, host, reason },
  })
}
