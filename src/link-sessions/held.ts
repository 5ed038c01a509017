// A link that waits for completion: nothing of it can be used. Its account is in the link session's row, and so is a
// pasted token; tokens of OAuth are in a revocation that begins when the time for completing ends.

import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Actor } from '../audit/events.ts'
import type { Transaction } from '../database/database.ts'
import { Failure } from '../failure.ts'
import { addIntegration, getIntegration, type Integration, replaceAccessToken } from '../integrations/integrations.ts'
import { askOwner, type PastedToken } from '../integrations/link.ts'
import { fetchOwner, type Given, makeLink } from '../integrations/oauth/link.ts'
import type { Services } from '../integrations/services.ts'
import { cancelRevocation, queueRevocation, rescheduleRevocation } from '../integrations/tokens/revocations.ts'
import type { TokenGrant } from '../platforms/oauth.ts'
import type { Profile } from '../platforms/platform.ts'
import { type PlatformAddress, platformAddress } from '../platforms/platform-url.ts'
import { isOAuthScmType, type ScmType } from '../platforms/scm-types.ts'
import { heldTokenContext } from '../secrets/sealed-columns.ts'
import { fromNow, now } from '../time.ts'
import { type HeldColumns, hashOf, holdInLinkSession, type LinkSession, newSecret } from './link-sessions.ts'

/** The column `held` as JSON: no secret is in it. */
interface Held {
  scmType: ScmType
  address: PlatformAddress
  profile: Profile
  /** What OAuth told about its tokens; null for a pasted token. */
  grant: Pick<TokenGrant, 'expiresAt' | 'scopes'> | null
}

/** Milliseconds for storing: together with the platform's calls it fits into the 25 s of a request. */
const MAX_STORE_MS = 4_000
/** How long new tokens may wait for it to be known whose they are. Then they are revoked. */
const UNKNOWN_OWNER_MS = 60_000

function isOver(): Failure {
  return new Failure('conflict', 'The time for linking is over, or it was ended elsewhere. Nothing was linked.')
}

/**
 * Keeps what OAuth has given, and returns the completion code. The tokens are to be revoked from the moment they are
 * stored: whatever ends this process, this browser or this link session leaves none behind. Only completing cancels that.
 */
export async function holdGrant(services: Services, session: LinkSession, given: Given): Promise<string> {
  const { database, vault, background } = services
  const { application, grant } = given
  const { scmType, webUrl, clientId } = application
  const id = randomUUID()
  const dueAt = fromNow(UNKNOWN_OWNER_MS)
  const revocation = { id, scmType, webUrl, clientId, tokens: grant, ownerId: session.ownerId, integrationId: null }
  // While the store is unavailable this goes on after the page was sent.
  await inTime(background.retryStore(() => queueRevocation(database, vault, { ...revocation, dueAt })))
  try {
    const profile = await fetchOwner(services, given)
    const { expiresAt, scopes } = grant
    const address = platformAddress(scmType, webUrl)
    const held: Held = { scmType, address, profile, grant: { expiresAt, scopes } }
    return await hold(services, session, { held: JSON.stringify(held), heldToken: null, revocationId: id })
  } catch (error) {
    // If the store is unavailable, it begins somewhat later.
    await rescheduleRevocation(database, id, now()).catch(() => undefined)
    throw error
  }
}

async function inTime(stored: Promise<unknown>): Promise<void> {
  const late = delay(MAX_STORE_MS, 'late' as const, { ref: false })
  if ((await Promise.race([stored, late])) !== 'late') return
  stored.catch(() => undefined)
  throw new Failure('store_unavailable', 'The store is not available just now. Nothing was linked; try again later.')
}

/** Asks whose the pasted token is, keeps it, and returns the completion code. Throws like `askOwner`. */
export async function holdToken(
  services: Services,
  actor: Actor,
  session: LinkSession,
  pasted: PastedToken,
): Promise<string> {
  const { scmType, address, accessToken } = pasted
  const profile = await askOwner(services, actor, session.ownerId, pasted)
  const held = JSON.stringify({ scmType, address, profile, grant: null } satisfies Held)
  const heldToken = services.vault.seal(accessToken, heldTokenContext({ ...session, held }))
  return hold(services, session, { held, heldToken, revocationId: null })
}

async function hold(
  { database, background }: Services,
  session: LinkSession,
  columns: Omit<HeldColumns, 'codeHash'>,
): Promise<string> {
  const code = newSecret()
  async function store(transaction: Transaction): Promise<void> {
    const expiresAt = await holdInLinkSession(transaction, session, { ...columns, codeHash: hashOf(code) })
    if (expiresAt === undefined) throw isOver()
    const { revocationId } = columns
    const waits = revocationId === null || (await rescheduleRevocation(transaction, revocationId, expiresAt))
    if (!waits) throw isOver()
  }
  await background.retryStore(() => database.transaction().execute(store), MAX_STORE_MS)
  return code
}

/**
 * Makes the link of what is held, or renews the one to the same account, with the owner locked. undefined when the tokens
 * are being revoked already, or the OAuth application is another one by now. Throws `invalid` when there are too many links.
 */
export async function releaseHeld(
  services: Services,
  transaction: Transaction,
  actor: Actor,
  session: LinkSession,
): Promise<Integration | undefined> {
  const held = JSON.parse(session.held ?? 'null') as Held | null
  if (!held) return undefined
  return held.grant
    ? releaseGrant(services, transaction, actor, session, { ...held, grant: held.grant })
    : releaseToken(services, transaction, actor, session, held)
}

async function releaseGrant(
  services: Services,
  transaction: Transaction,
  actor: Actor,
  { ownerId, revocationId }: LinkSession,
  { scmType, profile, grant }: Held & { grant: NonNullable<Held['grant']> },
): Promise<Integration | undefined> {
  const application = isOAuthScmType(scmType) ? services.oauth[scmType].application : null
  if (!application || revocationId === null) return undefined
  const cancelled = await cancelRevocation(transaction, services.vault, revocationId)
  const isSame = cancelled?.clientId === application.clientId && cancelled.webUrl === application.webUrl
  if (!cancelled || !isSame) return undefined
  const granted = { application, grant: { ...grant, ...cancelled.tokens }, profile }
  return makeLink(services, transaction, actor, ownerId, granted)
}

async function releaseToken(
  { vault, limits }: Services,
  transaction: Transaction,
  actor: Actor,
  session: LinkSession,
  { scmType, address, profile }: Held,
): Promise<Integration | undefined> {
  const { ownerId, heldToken } = session
  if (heldToken === null) return undefined
  const accessToken = vault.open(heldToken, heldTokenContext(session))
  const link = { scmType, address, accessToken, profile, maxLinks: limits.maxLinks }
  const added = await addIntegration(transaction, vault, actor, ownerId, link)
  if (!('existingId' in added)) return added
  const existing = await getIntegration(transaction, ownerId, added.existingId)
  return replaceAccessToken(transaction, vault, actor, existing, accessToken, profile)
}
