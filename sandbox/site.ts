// A simulated platform as it runs, and what its vendor tells of itself, so that nothing common asks which of them it is.

import type { Call, Reply } from './http.ts'
import type { VendorSeed } from './seed/vendor-seed.ts'
import type { TokenKind, World } from './state.ts'

export interface SiteDefinition {
  name: string
  scmType: string
  vendor: Vendor
  /** Behaves as github.com or gitlab.com, else as an installation of one's own. */
  dotCom: boolean
  port: number
  /** Where GitLab lives on its host; empty at the root. */
  basePath: string
  version: string
  /** Goes into token values, so that a token of one platform is none on another. */
  tag: string
}

/** One platform as it runs. */
export interface Site extends SiteDefinition {
  origin: string
  host: string
  /** Web and OAuth root. */
  url: string
  apiUrl: string
}

export interface Vendor {
  /** As in the path of the callback, `/users/NAME/callback`. */
  name: string
  apiPath: string
  answer: (site: Site, world: World, call: Call) => Reply
  errors: VendorErrors
  oauth: OAuthRules
  seed: VendorSeed
}

/** What faults answer in the vendor's own form. */
export interface VendorErrors {
  /** `isNamed`: as when the token was revoked or has expired, where the vendor tells the difference. */
  unauthorized: (isNamed: boolean) => Reply
  forbidden: () => Reply
  notFound: () => Reply
  repositoryNotFound: () => Reply
  /** Of the token endpoint, to an application it does not know. */
  applicationNotFound: () => Reply
  tooManyRequests: (headers: Record<string, string>) => Reply
  /** Tells the limit beside `Retry-After`: `wait` seconds until it ends. */
  limitHeaders: (wait: number) => Record<string, string>
  serverError: () => Reply
}

/** Where the vendors' authorization servers differ. */
export interface OAuthRules {
  /** Below the web root. */
  authorizePath: string
  /** Sent as `iss` with every answer that goes through the browser; null where none is sent. */
  issuerPath: string | null
  unknownClientStatus: number
  /** Without `redirect_uri`, the first registered one is taken. */
  redirectUriOptional: boolean
  /** Paths below a registered one are taken as well. */
  redirectsBelow: boolean
  newCode: (world: World) => string
  newAccessToken: (world: World, clientId: string) => string
  newRefreshToken: (world: World) => string
  /** What a token may do, of the scopes that were granted. */
  access: (clientId: string, scopes: string[]) => { kind: TokenKind; scopes: string[]; permissions: string[] }
}
