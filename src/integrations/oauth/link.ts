// Linking by OAuth: an attempt begins in a session, and ends in it with a link or with an error that says what to do.

import { setTimeout as delay } from 'node:timers/promises'
import type { Session } from '../../accounts/sessions/sessions.ts'
import type { Actor } from '../../audit/events.ts'
import type { Transaction } from '../../database/database.ts'
import { inOwnersTurn } from '../../database/owners-turn.ts'
import type { FailureCode } from '../../failure.ts'
import { Failure } from '../../failure.ts'
import type { OAuthApplication, TokenGrant } from '../../platforms/oauth.ts'
import { authorizeUrl, exchangeCode, isIssuer, isOpaque, randomSecret } from '../../platforms/oauth.ts'
import type { Profile } from '../../platforms/platform.ts'
import { scmTypes } from '../../platforms/scm-types.ts'
import { fetchProfile } from '../connect.ts'
import type { Integration } from '../integrations.ts'
import { findIntegration, listIntegrations } from '../integrations.ts'
import { noteApplicationDenied, recordLinkError } from '../link-errors.ts'
import type { Services } from '../services.ts'
import { findAccess } from '../tokens/pair.ts'
import { queueRevocation } from '../tokens/revocations.ts'
import { queueTokensOf } from '../unlink.ts'
import { storeGrant } from './columns.ts'
import { type Attempt, type AttemptHolder, keepAttempt, takeAttempt } from './states.ts'

/** Milliseconds for both calls of the platform: together with storing it fits into the 25 s of a request. */
const MAX_PLATFORM_MS = 20_000
const MAX_STORE_MS = 4_000
/** Seconds to wait after trouble at a platform that names no time. */
const UNTOLD_WAIT_SECONDS = 30
/** Milliseconds for which the page waits until tokens are queued for revocation. */
const DROP_WAIT_MS = 500

/** Why nothing was linked, as the page shows it. */
export interface LinkError {
  /** Decides the page's HTTP status. */
  code: FailureCode
  title: string
  sentences: string[]
  /** The link that should be made again, so that the next try means the same. */
  againId: string | null
  retryAfter?: number
}

/** The platform's page where the user allows it. `againId`: a link that must get the same account as before. */
export async function beginLink(
  services: Services,
  session: AttemptHolder,
  application: OAuthApplication,
  againId: string | null,
): Promise<string> {
  const secrets = { state: randomSecret(), verifier: randomSecret() }
  await keepAttempt(services, session, { scmType: application.scmType, againId, ...secrets })
  return authorizeUrl(application, secrets)
}

/** Makes a link from the query with which the platform has sent the browser back. */
export async function finishLink(
  services: Services,
  actor: Actor,
  session: Session,
  application: OAuthApplication,
  query: Record<string, unknown>,
): Promise<Integration | LinkError> {
  const { scmType } = application
  const { label } = scmTypes[scmType]
  const attempt = await takeAttempt(services, session, scmType, query.state)
  if (!attempt) {
    return linkError(null, 'This attempt to link is not under way', [
      `${label} sent you back with something that this server did not begin, or no longer waits for: it was used already, is older than ten minutes, or began in another browser or while you were signed in otherwise.`,
      'Nothing was linked. Begin again from here.',
    ])
  }
  const owner = session.user.id
  return receiveGrant(services, owner, application, attempt, query, (given) =>
    keepOrDrop(services, actor, owner, given),
  )
}

/**
 * Exchanges the code of the query for tokens, and gives them to `keep`. As long as it is unknown whether the platform has
 * agreed, the code is sent nowhere. `attempt` was taken by the query's state.
 */
export async function receiveGrant<T>(
  services: Services,
  owner: string,
  application: OAuthApplication,
  attempt: Omit<Attempt, 'state'>,
  query: Record<string, unknown>,
  keep: (given: Given) => Promise<T | LinkError>,
): Promise<T | LinkError> {
  const { scmType } = application
  const { label } = scmTypes[scmType]
  const { againId } = attempt
  if (query.error !== undefined) return errorFromPlatform(label, query.error, againId)
  if (!isIssuer(application, query.iss)) {
    return linkError(againId, 'The answer came from somewhere else', [
      `It does not name ${application.webUrl} as its origin, so it was not used. Nothing was linked.`,
    ])
  }
  if (!isOpaque(query.code)) {
    return linkError(againId, `${label} gave no code`, [
      'Without one there is nothing to link with. Begin again from here.',
    ])
  }

  const granted = { code: query.code, verifier: attempt.verifier }
  async function exchangeAndKeep(): Promise<T | LinkError> {
    const deadline = Date.now() + MAX_PLATFORM_MS
    const grant = await exchangeCode(services.transport, application, granted, deadline)
    return keep({ application, grant, againId, deadline })
  }
  try {
    // One unit of work: once the code is exchanged, the request must not be cancelled before there is a link.
    return await services.transport.waiting(owner, () => services.background.waitUntil(exchangeAndKeep()), {
      unbroken: true,
    })
  } catch (error) {
    noteApplicationDenied(services, scmType, error)
    return failedThere(error, label, againId)
  }
}

/** Tokens that a platform has just given; `deadline` is for asking whose they are. */
export interface Given {
  application: OAuthApplication
  grant: TokenGrant
  againId: string | null
  deadline: number
}

/** The tokens exist now and stay valid until they are revoked, so those that do not become a link are revoked. */
async function keepOrDrop(
  services: Services,
  actor: Actor,
  owner: string,
  given: Given,
): Promise<Integration | LinkError> {
  const { scmType, webUrl, clientId } = given.application
  let isKept = false
  try {
    const outcome = await keepGrant(services, actor, owner, given)
    isKept = 'id' in outcome
    return outcome
  } finally {
    if (!isKept) {
      const { database, vault } = services
      const dropped = { scmType, webUrl, clientId, tokens: given.grant, ownerId: owner, integrationId: null }
      const dropping = services.background
        .retryStore(async () => {
          // If only the store's answer was lost, the tokens do belong to a link.
          const links = await listIntegrations(database, owner, { scmType })
          if (links.some((link) => findAccess(services, link) === given.grant.accessToken)) return
          await queueRevocation(database, vault, dropped)
        })
        .catch(() => undefined)
      // While the store is unavailable this goes on after the page was sent.
      await Promise.race([dropping, delay(DROP_WAIT_MS, undefined, { ref: false })])
    }
  }
}

/** Asks whose tokens they are. */
export function fetchOwner(services: Services, { application, grant, deadline }: Given): Promise<Profile> {
  const { scmType, webUrl, apiUrl } = application
  const { accessToken, scopes, expiresAt } = grant
  const trial = { scmType, webUrl, apiUrl, accessToken, granted: { scopes, expiresAt } }
  // It has just issued the token, so it is certainly the right platform.
  return fetchProfile(services, trial, { hasWorked: true, obtainedAt: Date.now(), deadline })
}

/** Asks whose tokens they are, and stores them. */
async function keepGrant(
  services: Services,
  actor: Actor,
  owner: string,
  given: Given,
): Promise<Integration | LinkError> {
  const { application, grant, againId } = given
  const { scmType, webUrl } = application
  const profile = await fetchOwner(services, given)

  /** The new link, or `wanted`: the link to another account that should have been made again. */
  async function store(transaction: Transaction): Promise<{ link: Integration } | { wanted: Integration }> {
    const wanted = againId === null ? undefined : await findIntegration(transaction, owner, againId)
    if (wanted && (wanted.uid !== profile.uid || wanted.scmType !== scmType || wanted.webUrl !== webUrl)) {
      return { wanted }
    }
    return { link: await makeLink(services, transaction, actor, owner, { application, grant, profile }) }
  }
  const stored = await services.background.retryStore(() => inOwnersTurn(services.database, owner, store), MAX_STORE_MS)
  if ('link' in stored) return stored.link
  const { wanted } = stored
  await recordLinkError(services, actor, owner, wanted, 'another_account')
  return linkError(againId, 'That is another account', [
    `You signed in as ${profile.username}, but this link is to ${wanted.username}. It was left as it is.`,
    `Sign in as ${wanted.username} to make it again, or link ${profile.username} as an account of its own.`,
  ])
}

/** Stores the grant in a link, new or there already, and queues the tokens that it replaces. */
export async function makeLink(
  services: Services,
  transaction: Transaction,
  actor: Actor,
  owner: string,
  granted: { application: OAuthApplication; grant: TokenGrant; profile: Profile },
): Promise<Integration> {
  const { maxLinks } = services.limits
  const { integration, before } = await storeGrant(transaction, services.vault, actor, owner, { ...granted, maxLinks })
  // If the store's answer was lost at the first try, the same pair is already stored.
  const isSame = before !== null && findAccess(services, before) === granted.grant.accessToken
  if (before && !isSame) await queueTokensOf(services, transaction, before)
  return integration
}

/** The errors that platforms send instead of a code: RFC 6749 section 4.1.2.1, and two of GitHub's own. */
const answersInPlaceOfCode: Record<string, [title: string, sentence: (label: string) => string]> = {
  access_denied: [
    'You did not allow it',
    (label) => `${label} says that access was refused. If that was a slip, try again.`,
  ],
  application_suspended: [
    'The application is suspended',
    (label) => `${label} has suspended this server's OAuth application. Its operator has to ask ${label} why.`,
  ],
  redirect_uri_mismatch: [
    'The callback address does not match',
    (label) =>
      `The operator of this server has to register its callback address with its OAuth application at ${label}.`,
  ],
  invalid_scope: [
    'The application may not ask for that',
    (label) =>
      `${label} does not know a scope, or the OAuth application was made without it. The operator has to add it there.`,
  ],
  unauthorized_client: [
    'The application is not permitted',
    (label) => `${label} does not let this application link accounts.`,
  ],
  server_error: [`That did not work there`, (label) => `${label} has trouble of its own. Try again later.`],
  temporarily_unavailable: ['It is busy', (label) => `${label} cannot answer just now. Try again later.`],
}

function errorFromPlatform(label: string, error: unknown, againId: string | null): LinkError {
  const known = typeof error === 'string' && Object.hasOwn(answersInPlaceOfCode, error) && answersInPlaceOfCode[error]
  if (known) return linkError(againId, known[0], [known[1](label), 'Nothing was linked.'])
  const code = typeof error === 'string' && /^[a-z_]{1,60}$/.test(error) ? ` (${error})` : ''
  return linkError(againId, `${label} refused`, [
    `It gives a reason that this server does not know${code}. Nothing was linked.`,
  ])
}

/** What the user can do when the platform fails to exchange its own code. */
const trouble: Partial<Record<FailureCode, string>> = {
  scm_grant_refused: 'The code was used already or is too old: begin again from here.',
  scm_token_rejected: 'The account cannot be linked as it is.',
}

function failedThere(error: unknown, label: string, againId: string | null): LinkError {
  if (!(error instanceof Failure)) throw error
  const sentences = [error.message, ...(trouble[error.code] ? [trouble[error.code] ?? ''] : []), 'Nothing was linked.']
  const retryAfter = error.details.retryAfter ?? (error.code === 'scm_unavailable' ? UNTOLD_WAIT_SECONDS : undefined)
  return {
    ...linkError(againId, `Linking ${label} did not work`, sentences),
    code: error.code,
    ...(retryAfter !== undefined && { retryAfter }),
  }
}

function linkError(againId: string | null, title: string, sentences: string[]): LinkError {
  return { code: 'bad_request', title, sentences, againId }
}
