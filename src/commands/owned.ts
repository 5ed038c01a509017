// The commands `forgelink token list|remove` and `forgelink integration …`: what one user has.

import { deleteApiToken, getApiToken, listApiTokens } from '../accounts/api-tokens.ts'
import { apiTokenJson } from '../accounts/schemas.ts'
import { COMMAND_LINE } from '../audit/events.ts'
import { Failure } from '../failure.ts'
import { getIntegration, listIntegrations } from '../integrations/integrations.ts'
import { integrationJson } from '../integrations/schemas.ts'
import { unlink } from '../integrations/unlink.ts'
import type { Services } from '../services.ts'
import { table } from './table.ts'
import { getUserByLogin } from './users.ts'

/** More than an account may have, whatever the limits are set to. */
const MAX_TOKENS = 100_000

type Printed = { json: boolean }

export async function tokenList(services: Services, login: string, { json }: Printed): Promise<string> {
  const user = await getUserByLogin(services, login)
  const tokens = (await listApiTokens(services.database, user.id, MAX_TOKENS)).map((token) => apiTokenJson(token))
  if (json) return JSON.stringify({ tokens })
  if (tokens.length === 0) return `${user.username} has no API token.`
  const rows = tokens.map(({ id, name, scopes, last_used_at: used, expires_at: end }) => [
    id,
    name,
    scopes.join(' '),
    dayOf(used),
    dayOf(end),
  ])
  return table([['ID', 'NAME', 'SCOPES', 'LAST USED', 'EXPIRES'], ...rows])
}

export async function tokenRemove(services: Services, login: string, id: string, { json }: Printed): Promise<string> {
  const user = await getUserByLogin(services, login)
  const hint = `There is no API token "${id}" of ${user.username}. "forgelink token list --user ${user.username}" names all.`
  const token = await services.database.transaction().execute(async (transaction) => {
    const found = await orSay(getApiToken(transaction, user.id, id), hint)
    await deleteApiToken(transaction, COMMAND_LINE, user.id, id)
    return found
  })
  if (json) return JSON.stringify({ token: apiTokenJson(token) })
  return `Removed the API token "${token.name}" of ${user.username}. What was made from it has ended.`
}

export async function integrationList(services: Services, login: string, { json }: Printed): Promise<string> {
  const user = await getUserByLogin(services, login)
  const links = (await listIntegrations(services.database, user.id)).map((link) => integrationJson(link, user))
  if (json) return JSON.stringify({ scm_integrations: links })
  if (links.length === 0) return `${user.username} has linked no account.`
  const rows = links.map(({ id, scm_type: type, url, username, status }) => [id, type, url, username, status])
  return table([['ID', 'TYPE', 'URL', 'ACCOUNT', 'STATUS'], ...rows])
}

export async function integrationUnlink(
  services: Services,
  login: string,
  id: string,
  { json }: Printed,
): Promise<string> {
  const user = await getUserByLogin(services, login)
  const hint = `There is no link "${id}" of ${user.username}. "forgelink integration list --user ${user.username}" names all.`
  const link = await orSay(getIntegration(services.database, user.id, id), hint)
  await unlink(services, COMMAND_LINE, link)
  if (json) return JSON.stringify({ scm_integration: integrationJson(link, user) })
  const rest =
    link.clientId === null
      ? 'Its token was pasted, and stays valid there until its person revokes it.'
      : 'The running server, or the next one, revokes its token there.'
  return `Unlinked ${link.username} at ${link.url} from ${user.username}. ${rest}`
}

/** "not found" is enough for a program that sent the id; a person is told where to look. */
async function orSay<Found>(finding: Promise<Found>, hint: string): Promise<Found> {
  try {
    return await finding
  } catch (error) {
    if (error instanceof Failure && error.code === 'not_found') throw new Failure('not_found', hint)
    throw error
  }
}

function dayOf(time: string | null): string {
  return time === null ? '-' : time.slice(0, 10)
}
