// Reads request bodies as the API's clients send them: JSON types without a body, empty forms, wrapped and bare objects.

import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Static, TObject } from 'typebox'
import { Value } from 'typebox/value'
import { Failure, type Hint, invalid } from '../failure.ts'
import { UNPRINTABLE } from '../text.ts'

/** Maximum body size in bytes; the API's objects are far smaller. */
export const BODY_LIMIT = 64 * 1024
const MAX_DEPTH = 32

/** Replaces Fastify's parsers, which answer 400 to an empty JSON body and 415 to an empty form. */
export function acceptBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    if (body.length === 0) return {}
    if (!/^application\/([a-z.]+\+)?json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
      throw new Failure('unsupported_media_type', 'Send the body as JSON, with Content-Type: application/json.')
    }
    return parseJson(body)
  })
}

function parseJson(body: Buffer): unknown {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw badJson('it is not UTF-8')
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    // The parser's message repeats what was sent, which may be a token.
    const [, position] = /position (\d+)/.exec(error instanceof Error ? error.message : '') ?? []
    throw badJson(position ? `unexpected character at position ${position}` : 'it ends too early or is not JSON')
  }
  if (depthOf(value) > MAX_DEPTH) throw badJson(`it is nested more than ${MAX_DEPTH} deep`)
  return value
}

function badJson(reason: string): Failure {
  return new Failure('bad_json', `There was a problem in the JSON you submitted: ${reason}`)
}

function depthOf(value: unknown, depth = 0): number {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return depth
  return Object.values(value).reduce((deepest: number, item) => Math.max(deepest, depthOf(item, depth + 1)), depth + 1)
}

/** What is wrong with a field, and, when it is known, what to send instead. */
export interface FieldProblem {
  problem: string
  hint?: Hint
}

/** Says what is wrong with a field of the right type; undefined when nothing is. `members` are not checked yet. */
export type FieldChecks<T> = {
  [Field in keyof T]?: (
    value: NonNullable<T[Field]>,
    members: Record<string, unknown>,
  ) => string | FieldProblem | undefined
}

/**
 * The members of `schema` in a body, either wrapped in `root` or bare; other members are ignored.
 * Throws `invalid` with every wrong field at once.
 */
export function readBody<T extends TObject>(
  body: unknown,
  root: string,
  schema: T,
  checks: FieldChecks<Static<T>> = {},
): Static<T> {
  const fields = Object.keys(schema.properties)
  const members = unwrap(body, root, fields)
  const errors: Record<string, string[]> = {}
  let hint: Hint | undefined
  for (const error of Value.Errors(schema, members)) {
    const named =
      error.keyword === 'required' ? error.params.requiredProperties : [error.instancePath.split('/')[1] ?? root]
    for (const field of named) errors[field] = [...(errors[field] ?? []), sentence(error)]
  }
  for (const field of fields) {
    const check = (checks as FieldChecks<Record<string, unknown>>)[field]
    const value = members[field]
    const found = errors[field] || value === undefined || value === null ? undefined : check?.(value, members)
    if (!found) continue
    errors[field] = [typeof found === 'string' ? found : found.problem]
    if (typeof found !== 'string') hint ??= found.hint
  }
  const ordered = fields.filter((field) => errors[field]).map((field) => [field, errors[field] ?? []] as const)
  if (ordered.length > 0) throw invalid(Object.fromEntries(ordered), { hint })
  return members as Static<T>
}

function unwrap(body: unknown, root: string, fields: string[]): Record<string, unknown> {
  const missing = invalid({ [root]: ['missing field'] })
  if (!isObject(body)) throw missing
  const members = Object.hasOwn(body, root) ? body[root] : body
  if (!isObject(members)) throw missing
  if (members === body && !fields.some((field) => Object.hasOwn(body, field))) throw missing
  return Object.fromEntries(
    fields.filter((field) => Object.hasOwn(members, field)).map((field) => [field, members[field]]),
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function sentence(error: { keyword: string; params: object }): string {
  const params: Record<string, unknown> = { ...error.params }
  if (error.keyword === 'required') return 'is missing'
  if (error.keyword === 'type') return `must be a ${params.type}`
  if (error.keyword === 'minLength') return 'must not be empty'
  if (error.keyword === 'maxLength') return `is too long (at most ${params.limit} characters)`
  return 'is not valid'
}

/** Names are shown in terminals and pages: one line of text that is not empty. */
export function nameProblem(name: string): string | undefined {
  if (name.trim() === '') return 'must not be blank'
  return UNPRINTABLE.test(name) ? 'must not contain control characters' : undefined
}
