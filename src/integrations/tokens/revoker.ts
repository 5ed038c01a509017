// Revokes the tokens of removed links in the background: at once, and repeatedly while the platform is down.

import { Failure } from '../../failure.ts'
import { DAY_MS } from '../../time.ts'
import type { Services } from '../services.ts'
import type { Revocation } from './revocations.ts'
import {
  claimRevocation,
  endRevocation,
  nextRevocationIn,
  openRevocation,
  postponeRevocation,
  postponeRevocationsAt,
  replaceRevoked,
} from './revocations.ts'

export interface Revoker {
  /** Call it after queueing a revocation: it starts at once. */
  wake(): void
  /** Stops; the rest is done after the next start. */
  close(): Promise<void>
}

const FIRST_PAUSE_MS = 2_000
const MAX_PAUSE_MS = 6 * 3_600_000
/** How long to try while the platform fails or limits us, or while another application is set up than the token's. */
const PLATFORM_PATIENCE_MS = 30 * DAY_MS
const OPERATOR_PATIENCE_MS = 3 * DAY_MS
/** Maximum time between two checks: the command line adds revocations too. */
const LOOK_EVERY_MS = 5_000
const SHORTEST_SLEEP_MS = 250
const CLOSE_WAIT_MS = 3_000

/** `lookEvery`: maximum time between two checks, in milliseconds. */
export function createRevoker(services: Services, lookEvery = LOOK_EVERY_MS): Revoker {
  const { database, vault, transport, background, oauth, log } = services
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let isClosed = false

  function sleep(ms: number): void {
    clearTimeout(timer)
    if (isClosed) return
    timer = setTimeout(start, Math.min(lookEvery, Math.max(SHORTEST_SLEEP_MS, ms)))
    timer.unref()
  }

  function start(): void {
    if (running) {
      sleep(SHORTEST_SLEEP_MS)
      return
    }
    running = workOff()
      .catch(() => lookEvery) // the store is unavailable
      .then((pause) => {
        running = undefined
        sleep(pause)
      })
  }

  /** Returns the milliseconds until the next one is due. */
  async function workOff(): Promise<number> {
    for (;;) {
      const revocation = isClosed ? undefined : await claimRevocation(database)
      if (!revocation) return (await nextRevocationIn(database)) ?? lookEvery
      await revoke(revocation)
    }
  }

  async function revoke(revocation: Revocation): Promise<void> {
    const { scmType, webUrl, clientId, attempts } = revocation
    const { application } = oauth[scmType]
    const age = Date.now() - Date.parse(revocation.createdAt)
    // Only the application that obtained a token can revoke it, and its secret may be sent only to its own platform.
    // Another process may have it, or this one after its next start.
    const isOurs = application?.clientId === clientId && application.webUrl === webUrl
    let reason: string | undefined
    try {
      if (!isOurs) throw new Failure('scm_application_refused', 'Another application is set up.')
      await application.endpoints.revoke(transport, application, openRevocation(vault, revocation), (updated) =>
        background.retryStore(() => replaceRevoked(database, vault, revocation, updated)),
      )
      log('revocation_done', { scm_type: scmType })
    } catch (error) {
      if (age < (isOurs ? PLATFORM_PATIENCE_MS : OPERATOR_PATIENCE_MS)) return postpone(revocation, error)
      reason = isOurs ? 'tried for thirty days' : 'another application is set up for three days'
      log('revocation_given_up', { scm_type: scmType, reason, attempts })
    }
    await database.transaction().execute((transaction) => endRevocation(transaction, revocation, reason))
  }

  async function postpone(revocation: Revocation, error: unknown): Promise<void> {
    const { scmType, webUrl, attempts } = revocation
    const { code = 'internal', details = {} } = error instanceof Failure ? error : {}
    log('revocation_postponed', { scm_type: scmType, attempts, code })
    const told = Math.min(MAX_PAUSE_MS, (details.retryAfter ?? 0) * 1000)
    const backoff = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1))
    await postponeRevocation(database, revocation, Math.max(backoff, told))
    // GitLab limits revocations by this server's address: the others would reach the same limit, and count towards it.
    if (code === 'scm_rate_limited') await postponeRevocationsAt(database, webUrl, told)
  }

  sleep(SHORTEST_SLEEP_MS)
  return {
    wake: () => sleep(0),
    async close() {
      isClosed = true
      clearTimeout(timer)
      let timeout: NodeJS.Timeout | undefined
      const waited = new Promise<void>((resolve) => {
        timeout = setTimeout(resolve, CLOSE_WAIT_MS)
      })
      await Promise.race([running, waited])
      clearTimeout(timeout)
    },
  }
}
