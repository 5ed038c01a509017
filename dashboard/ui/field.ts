// The server's message about a field, as a sentence under it.

import type { Hint } from '../../src/failure.ts'
import type { Platform } from '../api.ts'
import { asFailure } from '../failure.ts'

/** The server's message continues after the field's name ("is not an https address"), unless it is a whole sentence. */
export function fieldError(
  error: unknown,
  field: string,
  name: string,
  platforms: Platform[] = [],
): string | undefined {
  if (!error) return undefined
  const { fields } = asFailure(error)
  const messages = fields[field]
  if (!messages || messages.length === 0) return undefined
  const hint = fieldHint(error, field)
  if (hint?.action === 'use_scm_type') return otherType(hint, platforms)
  return messages.map((message) => (/^[A-Z]/.test(message) ? message : `${name} ${message}`)).join(' ')
}

/** The API's own sentence names the type, for programs. */
function otherType({ scm_type }: Hint, platforms: Platform[]): string {
  const label = platforms.find((one) => one.scm_type === scm_type)?.label ?? scm_type
  return `At this address is ${label}.`
}

/** What can be done about that field. */
export function fieldHint(error: unknown, field: string): Hint | undefined {
  const hint = error ? asFailure(error).hint : undefined
  return hint?.field === field ? hint : undefined
}

/** A failure that belongs to none of the form's fields and is shown above its button. */
export function formFailure(error: unknown, fields: string[]) {
  if (!error) return undefined
  const failure = asFailure(error)
  return fields.some((field) => failure.fields[field]) ? undefined : failure
}
