// Links by URL and token: asks the platform whose token it is, and stores the link only if everything is right.

import type { Actor } from '../audit/events.ts'
import { inOwnersTurn } from '../database/owners-turn.ts'
import type { FailureCode } from '../failure.ts'
import { Failure, invalid } from '../failure.ts'
import type { Profile } from '../platforms/platform.ts'
import type { PlatformAddress } from '../platforms/platform-url.ts'
import type { ScmType } from '../platforms/scm-types.ts'
import { scmTypes } from '../platforms/scm-types.ts'
import { fetchProfile } from './connect.ts'
import { linkHint, linkPage, tokenHint, withHint } from './hints.ts'
import type { Integration } from './integrations.ts'
import { addIntegration, getIntegration, replaceAccessToken } from './integrations.ts'
import { recordLinkError } from './link-errors.ts'
import type { Services } from './services.ts'

/** Failures caused by the address or token that the caller gave; any other failure is returned as it is. */
const fieldAtFault: Partial<Record<FailureCode, 'url' | 'access_token'>> = {
  scm_address_refused: 'url',
  scm_unreachable: 'url',
  scm_redirected: 'url',
  scm_bad_response: 'url',
  scm_not_found: 'url',
  scm_query_refused: 'url',
  scm_token_rejected: 'access_token',
  scm_scope_missing: 'access_token',
  scm_sso_required: 'access_token',
  scm_forbidden: 'access_token',
}

type TrialLink = Parameters<typeof fetchProfile>[1]

/** Asks whose token it is. When our address policy forbids the address, an event is recorded. */
async function askProfile(
  services: Services,
  actor: Actor,
  owner: string,
  link: TrialLink,
  { fields, hasWorked }: { fields: string[]; hasWorked: boolean },
): Promise<Profile> {
  try {
    return await services.transport.waiting(owner, (signal) => fetchProfile(services, link, { hasWorked, signal }))
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    if (error.code === 'scm_address_refused') {
      await recordLinkError(services, actor, owner, link, 'address_refused')
    }
    const field = fieldAtFault[error.code]
    if (!field || !fields.includes(field)) throw withHint(services.publicUrl, link, error)
    const hint = linkHint(services.publicUrl, link, error)
    throw invalid({ [field]: [error.message] }, { cause: error, hint: hint && { ...hint, field } })
  }
}

const MAX_TOKEN_LENGTH = 4096
/** The characters that RFC 9110 allows in a header value, without spaces. */
const TOKEN_CHARACTERS = /^[\x21-\x7e]+$/

/** The same rules for the API's description. */
export const TOKEN_FORM = { maxLength: MAX_TOKEN_LENGTH, pattern: TOKEN_CHARACTERS.source }

/** What is wrong with a pasted token; undefined when a platform may be asked. */
export function accessTokenProblem(token: string): string | undefined {
  if (token.trim() === '') return 'must not be blank'
  if (token.length > MAX_TOKEN_LENGTH) return `is too long (at most ${MAX_TOKEN_LENGTH} characters)`
  if (/^bearer\s/i.test(token)) return 'is the token alone, without "Bearer" before it'
  return TOKEN_CHARACTERS.test(token) ? undefined : 'must have printable ASCII characters only, without spaces'
}

export interface PastedToken {
  scmType: ScmType
  address: PlatformAddress
  accessToken: string
}

/** Whose the pasted token is. Throws `invalid` at `url` or `access_token`, or the platform's own failure. */
export function askOwner(
  services: Services,
  actor: Actor,
  owner: string,
  { scmType, address: { webUrl, apiUrl }, accessToken }: PastedToken,
): Promise<Profile> {
  const fields = ['url', 'access_token']
  return askProfile(services, actor, owner, { scmType, webUrl, apiUrl, accessToken }, { fields, hasWorked: false })
}

/** Throws like `askOwner`, and `already_linked`. */
export async function link(services: Services, actor: Actor, owner: string, input: PastedToken): Promise<Integration> {
  const { address } = input
  const profile = await askOwner(services, actor, owner, input)
  const { maxLinks } = services.limits
  const added = await inOwnersTurn(services.database, owner, (transaction) =>
    addIntegration(transaction, services.vault, actor, owner, { ...input, profile, maxLinks }),
  )
  if ('existingId' in added) {
    throw new Failure(
      'already_linked',
      `You have linked ${profile.username} at ${address.url} already. To give that link another token, send PATCH to it.`,
      { id: added.existingId },
    )
  }
  return added
}

/** Replaces the link's token. Throws `invalid` for a link made by OAuth, `conflict` for another account's token. */
export async function relink(
  services: Services,
  actor: Actor,
  owner: string,
  idOrType: string,
  accessToken: string,
): Promise<Integration> {
  const integration = await getIntegration(services.database, owner, idOrType)
  const { label, oauth } = scmTypes[integration.scmType]
  if (oauth) {
    const page = linkPage(services.publicUrl, { scmType: integration.scmType })
    const hint = { ...tokenHint(services.publicUrl, integration), field: 'access_token' }
    throw invalid({ access_token: [`of a ${label} link cannot be replaced: link it again at ${page}`] }, { hint })
  }
  const profile = await askProfile(
    services,
    actor,
    owner,
    { ...integration, accessToken },
    {
      fields: ['access_token'],
      hasWorked: true,
    },
  )
  if (profile.uid !== integration.uid) {
    await recordLinkError(services, actor, owner, integration, 'another_account')
    throw new Failure(
      'conflict',
      `This token belongs to ${profile.username}, but this link is to ${integration.username}. Make a new link for it instead.`,
    )
  }
  return services.database
    .transaction()
    .execute((transaction) => replaceAccessToken(transaction, services.vault, actor, integration, accessToken, profile))
}
