// What the maker of a platform must tell of it: everything that differs between vendors is a member here, and no `if` elsewhere.

import type { OAuthEndpoints } from './oauth.ts'
import type { Connection, Platform } from './platform.ts'
import type { RawAnswer } from './transport/guard.ts'
import type { Transport } from './transport/transport.ts'

export interface Vendor {
  words: VendorWords
  addresses: VendorAddresses
  /** In the order in which people are told of them. */
  scopes: Scope[]
  /** null when nothing of it is linked by OAuth. */
  oauth: OAuthEndpoints | null
  identify: Identification
  /** An account, as a `Platform`. */
  open(transport: Transport, connection: Connection): Platform
}

/** What it calls things, where people read it. */
export interface VendorWords {
  /** The vendor's own name, and that of its hosted platform: "GitLab". */
  name: string
  /** What others run: "GitHub Enterprise Server". */
  server: string
  /** "groups". */
  organizations: string
  changeRequest: { one: string; many: string /** Before its number: `#`, `!`. */; sign: string }
  /** How a repository is written: "owner/name". */
  repositoryForm: string
  /** Words of a search with fewer letters find nothing; null when any number does. */
  shortWords: { fewerThan: number; hint: string } | null
}

export interface VendorAddresses {
  /** Web root of the vendor's own platform: `https://github.com`. */
  hosted: string
  /** The REST root of the platform at `webUrl`; neither ends in a slash. */
  apiUrl(webUrl: string): string
  /** Paths of its APIs, without slash at the beginning: who pastes one of them means the root above it. */
  apiPaths: string[]
  /** Paths of pages, which no root of a whole platform ends with; null when its root never has a path. */
  pagePaths: string[] | null
  /** Where accounts live, of a host with only pages or an API: `github.com` of `docs.github.com`. null for any other host. */
  mainHost(host: string): string | null
  /** Below `webUrl`: where a person sees the tokens made there. */
  tokensPath: string
  /** Below `webUrl`: where a token with these scopes is made. */
  newTokenPath(scopes: string[]): string
}

export interface Scope {
  name: string
  /** What it lets us read, as a person says it. */
  meaning: string
  /**
   * - needed: asked for by default; without it a call of ours is refused.
   * - optional: shows more.
   * - known: neither, but operators may ask for it.
   */
  use: 'needed' | 'optional' | 'known'
}

/** Finds out whether a platform is this vendor's, without a token. */
export interface Identification {
  /** The call that it shows itself by. */
  question(webUrl: string): ProbeQuestion
  /** null when it is not, or does not show itself. */
  read(webUrl: string, answer: ProbeAnswer): Identified | null
  /** Asked when nobody has shown himself: what the platform may be that hides its marks. */
  readMore?(webUrl: string, ask: (question: ProbeQuestion) => Promise<ProbeAnswer>): Promise<Identified | null>
}

export interface ProbeQuestion {
  url: string
  headers?: Record<string, string>
}

export interface ProbeAnswer {
  url: string
  status: number
  headers: RawAnswer['headers']
  /** Of the answer's JSON. */
  members: Record<string, unknown>
}

export interface Identified {
  /** "GitHub Enterprise Server". */
  name: string
  /** null when it tells those with a token only. */
  version: string | null
  /** A sentence on why it may be none after all; null when it surely is one. */
  doubt: string | null
}

/** The scopes that serve every call. */
export function neededScopes(scopes: Scope[]): string[] {
  return scopes.filter(({ use }) => use === 'needed').map(({ name }) => name)
}
