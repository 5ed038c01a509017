// Completing: the platform in front, which knows who is signed in there, says that the link is that user's.

import { lockActiveUser } from '../accounts/users.ts'
import type { Actor } from '../audit/events.ts'
import type { Transaction } from '../database/database.ts'
import type { LinkSessionStatus } from '../database/tables.ts'
import { Failure } from '../failure.ts'
import type { Integration } from '../integrations/integrations.ts'
import type { Services } from '../integrations/services.ts'
import { equalInConstantTime } from '../text.ts'
import { releaseHeld } from './held.ts'
import { finishLinkSession, getLinkSession, hashOf, makerOf, noteWrongCode } from './link-sessions.ts'

const OVER = 'The time of this link session is over, and nothing was linked. Make another one.'

/** Why a link session cannot be completed, by its status. */
const sentences = new Map<LinkSessionStatus, string>([
  ['open', 'No browser has begun this link session yet.'],
  ['begun', 'Nothing is linked in this link session yet.'],
  ['completed', 'This link session is completed already.'],
  ['refused', 'The user did not want to link an account. Make another link session to ask again.'],
  ['failed', 'This link session has failed. Make another one.'],
])

/**
 * Makes the link, or renews the one to the same account. Throws `not_found`, `wrong_code`, `conflict` when it is too early
 * or too late, and `invalid` when the user has too many links.
 */
export async function completeLinkSession(
  services: Services,
  actor: Actor,
  owner: string,
  { id, code }: { id: string; code: string },
): Promise<Integration> {
  async function complete(transaction: Transaction): Promise<Integration | 'wrong_code'> {
    // Of several calls at once one completes, and no wrong code goes uncounted.
    await lockActiveUser(transaction, owner)
    const session = await getLinkSession(transaction, owner, id)
    if (session.status !== 'linked') throw new Failure('conflict', sentences.get(session.status) ?? OVER)
    if (!equalInConstantTime(hashOf(code), session.codeHash ?? '')) {
      await noteWrongCode(transaction, session)
      return 'wrong_code'
    }
    const integration = await releaseHeld(services, transaction, { ...actor, act: makerOf(session) }, session)
    const isFinished = integration && (await finishLinkSession(transaction, session, integration.id))
    if (!isFinished) throw new Failure('conflict', OVER)
    return integration
  }
  const outcome = await services.database.transaction().execute(complete)
  if (outcome !== 'wrong_code') return outcome
  const message =
    'This is not the code that came with this link session to your return_url. The fifth wrong one ends it.'
  throw new Failure('wrong_code', message)
}
