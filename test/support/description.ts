// The description at /openapi.json for tests: its operations, and whether an answer is one that it describes.

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { expect } from 'vitest'
import { type Answer, send } from './service.ts'

export interface Schema {
  $ref?: string
  properties?: Record<string, Schema>
  enum?: string[]
}

export interface Response {
  $ref?: string
  headers?: object
  content?: Record<string, { schema: Schema }>
}

export interface Operation {
  operationId: string
  security: Record<string, string[]>[]
  parameters?: { name: string; in: string; schema: Schema }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, Response>
}

export interface Description {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema>; responses: Record<string, Response> }
}

export interface DescribedOperation {
  method: string
  path: string
  operation: Operation
}

export async function readDescription(url: string): Promise<Description> {
  return (await send('GET', `${url}/openapi.json`)).json
}

export function operationsOf({ paths }: Description): DescribedOperation[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
}

export function operationOf(description: Description, id: string): DescribedOperation {
  const found = operationsOf(description).find(({ operation }) => operation.operationId === id)
  if (!found) throw new Error(`No operation ${id}`)
  return found
}

export function responseOf(
  { components }: Description,
  { responses }: Operation,
  status: number,
): Response | undefined {
  const response = responses[status]
  return response?.$ref ? components.responses[response.$ref.split('/').at(-1) ?? ''] : response
}

function schemaOf(description: Description, operation: Operation, status: number): Schema | undefined {
  return responseOf(description, operation, status)?.content?.['application/json']?.schema
}

export function codesOf(description: Description, operation: Operation, status: number): string[] | undefined {
  const schema = schemaOf(description, operation, status)
  const found = schema?.$ref ? description.components.schemas[schema.$ref.split('/').at(-1) ?? ''] : schema
  return found?.properties?.code?.enum
}

/** As the description has it, but nothing may be in an answer that it does not name. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, closed(member)]))
  const isShape = members.type === 'object' && typeof members.properties === 'object'
  return isShape ? { additionalProperties: false, ...members } : members
}

function validator({ components }: Description, schema: Schema): ValidateFunction {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addFormat('iri', (text) => URL.canParse(text))
  return ajv.compile(closed({ ...schema, components }) as object)
}

/** That the answer is one of those that the operation is described with, and of that form. */
export function expectDescribed(description: Description, id: string, answer: Answer): void {
  const { operation } = operationOf(description, id)
  const response = responseOf(description, operation, answer.status)
  expect([id, answer.status, response !== undefined]).toEqual([id, answer.status, true])
  const schema = schemaOf(description, operation, answer.status)
  if (!schema) return
  const validate = validator(description, schema)
  validate(answer.json)
  expect([id, answer.status, answer.text, validate.errors]).toEqual([id, answer.status, answer.text, null])
  // What a serialiser that is made from schemas sends is what everybody else's would.
  expect(answer.text).toBe(JSON.stringify(answer.json))
}
