// A running simulated platform, and what its vendor defines, so that shared code need not ask which vendor it is.

import type { Call, Reply } from './http.ts'
import type { VendorSeed } from './seed/vendor-seed.ts'
import type { TokenKind, World } from './state.ts'

export interface SiteDefinition {
  name: string
  scmType: string
  vendor: Vendor
  /** Whether it behaves like github.com or gitlab.com, and not like a self-hosted server. */
  dotCom: boolean
  /** The path under which GitLab is installed; empty at the root. */
  basePath: string
  version: string
  /** Part of token values, so that a token of one platform is invalid on another. */
  tag: string
}

/** A running platform. */
export interface Site extends SiteDefinition {
  port: number
  origin: string
  host: string
  /** Web and OAuth root. */
  url: string
  apiUrl: string
}

export interface Vendor {
  /** The name in the callback's path, `/users/NAME/callback`. */
  name: string
  apiPath: string
  answer: (site: Site, world: World, call: Call) => Reply
  errors: VendorErrors
  oauth: OAuthRules
  seed: VendorSeed
}

/** The vendor's own form of errors, for faults. */
export interface VendorErrors {
  /** `isNamed`: the error for a revoked or expired token, where the vendor has a separate one. */
  unauthorized: (isNamed: boolean) => Reply
  forbidden: () => Reply
  notFound: () => Reply
  repositoryNotFound: () => Reply
  /** The token endpoint's answer to an unknown application. */
  applicationNotFound: () => Reply
  tooManyRequests: (headers: Record<string, string>) => Reply
  /** Headers of the limit besides `Retry-After`: it ends in `wait` seconds. */
  limitHeaders: (wait: number) => Record<string, string>
  serverError: () => Reply
}

/** Where the vendors' authorization servers differ. */
export interface OAuthRules {
  /** Below the web root. */
  authorizePath: string
  /** Sent as `iss` with every answer through the browser; null when none is sent. */
  issuerPath: string | null
  unknownClientStatus: number
  /** Whether `redirect_uri` may be missing, which means the first registered one. */
  redirectUriOptional: boolean
  /** Whether paths below a registered address are accepted too. */
  redirectsBelow: boolean
  newCode: (world: World) => string
  newAccessToken: (world: World, clientId: string) => string
  newRefreshToken: (world: World) => string
  /** What a token with the granted scopes may do. */
  access: (clientId: string, scopes: string[]) => { kind: TokenKind; scopes: string[]; permissions: string[] }
}
