// What may stand in the fields of a service token, whether it comes by the API or from the command line.

import { UNPRINTABLE } from '../../text.ts'
import { SERVICE_SCOPES, type ServiceScope } from '../scopes.ts'

export const MAX_ISSUERS = 20
export const MAX_ISSUER_LENGTH = 255
/** As OpenID Connect Core has it, section 2. */
export const MAX_SUBJECT_LENGTH = 255

/** `allowed`: those that may be given here. */
export function serviceScopesProblem(value: unknown, allowed: readonly ServiceScope[]): string | undefined {
  const isList = Array.isArray(value) && value.length > 0 && new Set(value).size === value.length
  if (!isList || !value.every((name) => SERVICE_SCOPES.some((scope) => scope === name))) {
    return `must be a list of some of ${allowed.join(', ')}`
  }
  const forbidden = value.find((name) => !allowed.includes(name))
  return forbidden === undefined
    ? undefined
    : `must not have ${forbidden}, which only "forgelink service-token add" gives`
}

/** Issuers and subjects are compared byte for byte, so nothing in them is mended. */
export function identityTextProblem(text: string, maxLength: number): string | undefined {
  if (text.trim() === '') return 'must not be blank'
  if ([...text].length > maxLength) return `is too long (at most ${maxLength} characters)`
  return UNPRINTABLE.test(text) ? 'must not contain control characters' : undefined
}

export function issuersProblem(value: unknown): string | undefined {
  if (!Array.isArray(value) || !value.every((each) => typeof each === 'string')) return 'must be a list of texts'
  if (value.length > MAX_ISSUERS) return `must be at most ${MAX_ISSUERS}`
  if (new Set(value).size !== value.length) return 'must not name one twice'
  const [problem] = value.flatMap((issuer) => identityTextProblem(issuer, MAX_ISSUER_LENGTH) ?? [])
  return problem && `has one that ${problem}`
}
