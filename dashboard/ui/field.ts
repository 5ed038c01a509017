// What the server says of one field, as a sentence under it.

import type { Platform } from '../api.ts'
import { asFailure } from '../loaded.tsx'

/** The server's words read on after the field's name ("is not an https address"), unless they are a sentence. */
export function fieldError(
  error: unknown,
  field: string,
  name: string,
  platforms: Platform[] = [],
): string | undefined {
  if (!error) return undefined
  const messages = asFailure(error).fields[field]
  if (!messages || messages.length === 0) return undefined
  return messages
    .map((message) => forPeople(/^[A-Z]/.test(message) ? message : `${name} ${message}`, platforms))
    .join(' ')
}

/** The API speaks of its own names: "use the scm_type gitlab-self-hosted". */
function forPeople(message: string, platforms: Platform[]): string {
  return message.replace(/use the scm_type ([a-z-]+)/, (words, type) => {
    const known = platforms.find(({ scm_type }) => scm_type === type)
    return known ? `add it as ${known.label}` : words
  })
}

/** A failure that belongs to none of the form's fields, which is shown above its button. */
export function formFailure(error: unknown, fields: string[]) {
  if (!error) return undefined
  const failure = asFailure(error)
  return fields.some((field) => failure.fields[field]) ? undefined : failure
}
