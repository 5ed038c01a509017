// What each scope of a service token allows, in words.

import type { ServiceScope } from '../api.ts'

/** Not `access_tokens`, which only the command line gives. */
export type GivenScope = Exclude<ServiceScope, 'access_tokens'>

export const serviceScopeWords: Record<GivenScope, string> = {
  'users:act': 'act for users: get a JWT for any user of its issuers, or by id',
  'users:create': 'make users on first use, when it acts for them',
  read: 'pass on to these JWTs: list and search',
  write: 'pass on to these JWTs: link, unlink, import and remove keys',
  'admin:read': 'see all accounts, links and events',
  'admin:write': 'add, change, deactivate and remove accounts',
  scim: 'provision users by SCIM',
}
