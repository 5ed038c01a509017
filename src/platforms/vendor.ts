// What each vendor must define: everything that differs between vendors is a member here, and nowhere an `if`.

import type { OAuthEndpoints } from './oauth.ts'
import type { Connection, Platform } from './platform.ts'
import type { RawAnswer } from './transport/guard.ts'
import type { Transport } from './transport/transport.ts'

export interface Vendor {
  words: VendorWords
  addresses: VendorAddresses
  /** In the order in which they are shown to people. */
  scopes: Scope[]
  /** null when nothing of it is linked by OAuth. */
  oauth: OAuthEndpoints | null
  identify: Identification
  /** Opens an account as a `Platform`. */
  open(transport: Transport, connection: Connection): Platform
}

/** The vendor's names for things, shown to people. */
export interface VendorWords {
  /** The vendor's own name, and that of its hosted platform: "GitLab". */
  name: string
  /** Its self-hosted product: "GitHub Enterprise Server". */
  server: string
  /** "groups". */
  organizations: string
  changeRequest: { one: string; many: string /** Written before its number: `#`, `!`. */; sign: string }
  /** How a repository is written: "owner/name". */
  repositoryForm: string
  /** Search words with fewer letters find nothing; null when a word may have any length. */
  shortWords: { fewerThan: number; hint: string } | null
}

export interface VendorAddresses {
  /** Web root of the vendor's own platform: `https://github.com`. */
  hosted: string
  /** The REST root of the platform at `webUrl`; neither ends in a slash. */
  apiUrl(webUrl: string): string
  /** Paths of its APIs, without a leading slash: a user who pastes one of them means the root above it. */
  apiPaths: string[]
  /** Paths of its pages, which never end a platform's root; null when its root never has a path. */
  pagePaths: string[] | null
  /** The host with the accounts, for a host with only pages or an API: `github.com` of `docs.github.com`; else null. */
  mainHost(host: string): string | null
  /** The page where a person sees their tokens, below `webUrl`. */
  tokensPath: string
  /** The page where a person creates a token with these scopes, below `webUrl`. */
  newTokenPath(scopes: string[]): string
}

export interface Scope {
  name: string
  /** What it lets us read, in plain words. */
  meaning: string
  /**
   * - needed: asked for by default; without it one of our calls is rejected.
   * - optional: shows more.
   * - known: neither, but operators may ask for it.
   */
  use: 'needed' | 'optional' | 'known'
}

/** Finds out without a token whether a platform is this vendor's. */
export interface Identification {
  /** The call whose answer identifies the vendor. */
  question(webUrl: string): ProbeQuestion
  /** null when it is another vendor's, or cannot be told. */
  read(webUrl: string, answer: ProbeAnswer): Identified | null
  /** Called when no vendor has recognised the platform: it may hide the marks by which it is known. */
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
  /** The members of the answer's JSON. */
  members: Record<string, unknown>
}

export interface Identified {
  /** "GitHub Enterprise Server". */
  name: string
  /** null when it is shown only with a token. */
  version: string | null
  /** A sentence on why it may be another server after all; null when it is certain. */
  doubt: string | null
}

/** The scopes that all our calls together need. */
export function neededScopes(scopes: Scope[]): string[] {
  return scopes.filter(({ use }) => use === 'needed').map(({ name }) => name)
}
