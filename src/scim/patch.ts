// PATCH of a user (RFC 7644 section 3.5.2), as Okta and Entra ID send it.

import { ScimError, type ScimPatchOperation, type ScimResource, scimPatch } from 'scim-patch'
import { invalid } from '../failure.ts'
import { OUR_ATTRIBUTES, USER_SCHEMA } from './resource.ts'

const MAX_OPERATIONS = 100

/**
 * The attributes that we store, whole or a part of `emails`. All other paths are passed over before the library sees them:
 * it would follow `__proto__` and `constructor` too.
 */
const PATH = /^(\w+)(\[\s*(type|primary|value)\s+eq\s+("[^"\\]*"|true|false)\s*\])?(\.(value|type|primary))?$/i

/** The resource with the operations of `body` applied to it. Throws `invalid`. */
export function patched(resource: object, body: Record<string, unknown>): Record<string, unknown> {
  const operations = readOperations(body)
  try {
    return scimPatch(resource as ScimResource, operations, { mutateDocument: false, treatMissingAsAdd: true }) as never
  } catch (error) {
    if (!(error instanceof ScimError)) throw error
    const field = error.scimCode === 'noTarget' || error.scimCode === 'invalidPath' ? 'path' : 'Operations'
    throw invalid({ [field]: ['cannot be applied to this user'] }, { cause: error })
  }
}

function readOperations(body: Record<string, unknown>): ScimPatchOperation[] {
  const operations = Object.entries(body).find(([name]) => name.toLowerCase() === 'operations')?.[1]
  if (!Array.isArray(operations) || operations.length === 0 || operations.length > MAX_OPERATIONS) {
    throw invalid({ Operations: [`must be a list of 1 to ${MAX_OPERATIONS} operations`] })
  }
  return operations.flatMap((operation: unknown) => readOperation(operation))
}

function readOperation(operation: unknown): ScimPatchOperation[] {
  const { op, path, value } = (typeof operation === 'object' && operation !== null ? operation : {}) as Record<
    string,
    unknown
  >
  // Entra ID writes Add, Replace and Remove: https://learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups
  const name = typeof op === 'string' ? op.toLowerCase() : ''
  if (name !== 'add' && name !== 'replace' && name !== 'remove') {
    throw invalid({ Operations: ['must each have an "op": add, replace or remove'] })
  }
  if (path !== undefined && path !== null && typeof path !== 'string') throw invalid({ path: ['must be a string'] })
  if (path) {
    const ours = ourPath(path)
    if (ours === undefined) return []
    if (name === 'remove') return [{ op: name, path: ours }]
    if (value === undefined) throw invalid({ Operations: ['must each have a "value"'] })
    return [{ op: name, path: ours, value }]
  }
  if (name === 'remove') throw invalid({ path: ['is missing: what is to be removed?'] })
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid({ Operations: ['without a "path" must have an object as "value"'] })
  }
  // As operations of their own: without a path, the members are named by paths too.
  return Object.entries(value).flatMap(([member, one]): ScimPatchOperation[] => {
    const ours = ourPath(member)
    return ours === undefined ? [] : [{ op: name, path: ours, value: one }]
  })
}

/** The path with our spelling of its attribute; undefined when we do not store that. */
function ourPath(path: string): string | undefined {
  const urn = `${USER_SCHEMA}:`
  const text = path.trim()
  const local = text.toLowerCase().startsWith(urn.toLowerCase()) ? text.slice(urn.length) : text
  const [, attribute = '', filter = '', , , sub = ''] = PATH.exec(local) ?? []
  const ours = OUR_ATTRIBUTES.find((known) => known.toLowerCase() === attribute.toLowerCase())
  if (ours === undefined || (ours !== 'emails' && filter + sub !== '')) return undefined
  return `${ours}${filter}${sub.toLowerCase()}`
}
