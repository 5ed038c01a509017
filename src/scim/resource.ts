// A user as a SCIM resource (RFC 7643 section 4.1): what we show, and what we take of what is sent.

import { identityTextProblem } from '../accounts/service-tokens/fields.ts'
import { emailProblem } from '../accounts/users.ts'
import { invalid } from '../failure.ts'
import type { ProvisionedUser, UserInput } from './users.ts'

export const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User'

const MAX_NAME_LENGTH = 255

/** `baseUrl`: where the resources of this kind are. */
export function userResource(baseUrl: string, { user, userName, externalId, createdAt, updatedAt }: ProvisionedUser) {
  return {
    schemas: [USER_SCHEMA],
    id: user.id,
    ...(externalId !== null && { externalId }),
    userName,
    active: user.active === 1,
    ...(user.email !== null && { emails: [{ value: user.email, type: 'work', primary: true }] }),
    meta: {
      resourceType: 'User',
      created: createdAt,
      lastModified: user.updatedAt > updatedAt ? user.updatedAt : updatedAt,
      location: `${baseUrl}/${user.id}`,
    },
  }
}

/** Attributes that we do not store are passed over. Throws `invalid` with every wrong one. */
export function readUser(sent: Record<string, unknown>): UserInput {
  const members = withOurNames(sent)
  const errors: Record<string, string[]> = {}
  function read<T>(name: string, parse: (value: unknown) => T | { problem: string }, fallback: T): T {
    const value = parse(members[name])
    if (typeof value !== 'object' || value === null || !('problem' in value)) return value
    errors[name] = [value.problem]
    return fallback
  }
  const input = {
    userName: read('userName', readName, ''),
    externalId: read<string | undefined>('externalId', readExternalId, undefined),
    email: read<string | null>('emails', readEmail, null),
    active: read('active', readActive, true),
  }
  if (Object.keys(errors).length > 0) throw invalid(errors)
  return input
}

export const OUR_ATTRIBUTES = ['userName', 'externalId', 'emails', 'active'] as const

/** Names of attributes are the same in any case of letters (RFC 7643 section 2.1). */
function withOurNames(sent: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(sent).flatMap(([name, value]) => {
      const ours = OUR_ATTRIBUTES.find((known) => known.toLowerCase() === name.toLowerCase())
      return ours ? [[ours, value]] : []
    }),
  )
}

function readName(value: unknown): string | { problem: string } {
  if (typeof value !== 'string') return { problem: 'must be a string' }
  const problem = identityTextProblem(value, MAX_NAME_LENGTH)
  return problem ? { problem } : value
}

function readExternalId(value: unknown): string | undefined | { problem: string } {
  return value === undefined || value === null || value === '' ? undefined : readName(value)
}

/** Entra ID sends "True" and "False": https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-config-problem-scim-compatibility */
function readActive(value: unknown): boolean | { problem: string } {
  if (value === undefined || value === null) return true
  if (typeof value === 'boolean') return value
  const text = typeof value === 'string' ? value.toLowerCase() : ''
  return text === 'true' || text === 'false' ? text === 'true' : { problem: 'must be true or false' }
}

/** The primary one, or else the one for work, or else the first; null when there is none. */
function readEmail(value: unknown): string | null | { problem: string } {
  if (value === undefined || value === null) return null
  if (!Array.isArray(value)) return { problem: 'must be a list' }
  const given = value.filter((one): one is Record<string, unknown> => typeof one === 'object' && one !== null)
  const chosen =
    given.find(({ primary }) => `${primary}`.toLowerCase() === 'true') ??
    given.find(({ type }) => `${type}`.toLowerCase() === 'work') ??
    given[0]
  if (chosen?.value === undefined || chosen.value === null || chosen.value === '') return null
  if (typeof chosen.value !== 'string') return { problem: 'must have values that are strings' }
  const problem = emailProblem(chosen.value)
  return problem ? { problem } : chosen.value
}
