// A failure in SCIM's own form (RFC 7644 section 3.12).

import type { Failure, FailureCode } from '../failure.ts'

const ERROR_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:Error'

const typeOfCode: Partial<Record<FailureCode, string>> = {
  bad_json: 'invalidSyntax',
  bad_request: 'invalidSyntax',
  conflict: 'uniqueness',
  email_taken: 'uniqueness',
}

/** Of a field that is wrong; of any other it is `invalidValue`. */
const typeOfField: Record<string, string> = {
  filter: 'invalidFilter',
  path: 'invalidPath',
  Operations: 'invalidSyntax',
  body: 'invalidSyntax',
}

/** `status`: the failure's own, with which the rest of the API answers. */
export function scimError(failure: Failure, status: number) {
  const { code, details, message } = failure
  const [field = ''] = Object.keys(details.errors ?? {})
  const scimType = code === 'invalid' ? (typeOfField[field] ?? 'invalidValue') : typeOfCode[code]
  return {
    schemas: [ERROR_SCHEMA],
    status: String(code === 'invalid' ? 400 : status),
    ...(scimType && { scimType }),
    detail: message,
  }
}
