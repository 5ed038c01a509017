// One call of GitHub's REST API: where it is, what a token needs for it, and who answers.

import type { Reply } from '../http.ts'
import type { GithubRequest } from './access.ts'
import type { Bucket } from './limits.ts'

export interface GithubRoute {
  method: string
  /** Below the API root. */
  pattern: string
  docs: string
  /** Scopes of which any one will do. */
  accepted: string[]
  /** What a fine-grained or App token needs. */
  permission?: string
  /** How GitHub refuses a token without the scope. */
  missing?: 403 | 404
  signedIn?: true
  bucket?: Bucket
  /** Costs nothing. */
  free?: true
  /** Asks for the OAuth app's own credentials instead of a token. */
  clientCredentials?: true
  handler: (request: GithubRequest) => Reply
}
