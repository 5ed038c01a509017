// One call of GitHub's REST API: its path, what a token needs for it, and its handler.

import type { Reply } from '../http.ts'
import type { GithubRequest } from './access.ts'
import type { Bucket } from './limits.ts'

export interface GithubRoute {
  method: string
  /** Below the API root. */
  pattern: string
  docs: string
  /** Scopes of which any one is enough. */
  accepted: string[]
  /** The permission that a fine-grained or App token needs. */
  permission?: string
  /** The status that GitHub sends to a token without the scope. */
  missing?: 403 | 404
  signedIn?: true
  bucket?: Bucket
  /** Does not count towards the rate limit. */
  free?: true
  /** Needs the OAuth app's own credentials instead of a token. */
  clientCredentials?: true
  handler: (request: GithubRequest) => Reply
}
