// What each scope of an API token allows, in words.

import type { Scope } from '../api.ts'

export const scopeWords: Record<Scope, string> = {
  read: 'list and search: links, keys, repositories, events',
  write: 'change: link, unlink, import and remove keys',
  tokens: 'list, make, renew and revoke API tokens',
  account: 'change your e-mail address and how you sign in',
  access_tokens: 'see the platforms’ own tokens',
}
