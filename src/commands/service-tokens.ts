// The commands `forgelink service-token …`: tokens of services that act for users, also with the scope access_tokens.

import { SERVICE_SCOPES, type ServiceScope } from '../accounts/scopes.ts'
import { issuersProblem, serviceScopesProblem } from '../accounts/service-tokens/fields.ts'
import { serviceTokenJson } from '../accounts/service-tokens/schemas.ts'
import { createServiceToken, deleteServiceToken, listServiceTokens } from '../accounts/service-tokens/service-tokens.ts'
import { expiryProblem } from '../accounts/token-fields.ts'
import { COMMAND_LINE } from '../audit/events.ts'
import { Failure, invalid } from '../failure.ts'
import { nameProblem } from '../http/body.ts'
import type { Services } from '../services.ts'

export async function serviceTokenAdd(
  { database }: Services,
  options: { name: string; scopes: string[]; issuers: string[]; expires: string | undefined; json: boolean },
): Promise<string> {
  const { name, scopes, issuers, expires, json } = options
  const problems = {
    '--name': nameProblem(name),
    '--scope': serviceScopesProblem(scopes, SERVICE_SCOPES),
    '--issuer': issuersProblem(issuers),
    '--expires': expires === undefined ? undefined : expiryProblem(expires),
  }
  for (const [option, problem] of Object.entries(problems)) if (problem) throw invalid({ [option]: [problem] })

  const expiresAt = expires === undefined ? null : new Date(expires).toISOString()
  // They have just been checked.
  const wanted = { name, scopes: scopes as ServiceScope[], issuers, expiresAt }
  const { service, token } = await database
    .transaction()
    .execute((transaction) => createServiceToken(transaction, COMMAND_LINE, null, wanted))
  if (json) return JSON.stringify({ service_token: serviceTokenJson(service, token) })
  return `Added the service token "${name}", ${service.id}. Keep it: it is shown only once.\n  ${token}`
}

const PER_PAGE = 100

export async function serviceTokenList({ database }: Services, { json }: { json: boolean }): Promise<string> {
  const all = []
  for (let page = 1, isLast = false; !isLast; page++) {
    const { services, totalCount } = await listServiceTokens(database, { page, perPage: PER_PAGE })
    all.push(...services)
    isLast = page * PER_PAGE >= totalCount
  }
  if (json) return JSON.stringify({ service_tokens: all.map((service) => serviceTokenJson(service)) })
  if (all.length === 0) return 'There is no service token.'
  return all
    .map(({ id, name, scopes, issuers, expiresAt }) =>
      [id, name, scopes.join(' '), ...issuers, expiresAt === null ? 'no end' : `until ${expiresAt}`].join('  '),
    )
    .join('\n')
}

export async function serviceTokenRemove(
  { database }: Services,
  id: string,
  { json }: { json: boolean },
): Promise<string> {
  const service = await database.transaction().execute(async (transaction) => {
    try {
      return await deleteServiceToken(transaction, COMMAND_LINE, null, id)
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'not_found') throw error
      throw new Failure('not_found', `There is no service token "${id}". "forgelink service-token list" names all.`)
    }
  })
  if (json) return JSON.stringify({ service_token: serviceTokenJson(service) })
  return `Removed the service token "${service.name}". What it opened has ended.`
}
