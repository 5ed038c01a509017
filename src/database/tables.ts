// The tables as Kysely sees them: snake_case in SQL, camelCase here. Times are ISO 8601 text in UTC, which sorts by time on both engines.

import type { OAuthScmType, ScmType } from '../platforms/scm-types.ts'
import type { Sealed } from '../sealed.ts'

export interface UsersTable {
  /** `us-<uuid>`, as the API shows it. */
  id: string
  email: string
  username: string
  /** argon2id; null: cannot sign in with a password. */
  passwordHash: string | null
  createdAt: string
  updatedAt: string
}

export interface ApiTokensTable {
  id: string
  userId: string
  name: string
  /** SHA-256 of the token: it has 256 random bits, so that no slower hash is needed. */
  tokenHash: string
  createdAt: string
  /** When the present value was made: at creation or renewal. */
  issuedAt: string
  lastUsedAt: string | null
  /** Space-separated; see `accounts/scopes.ts`. */
  scopes: string
  /** null: never. */
  expiresAt: string | null
}

export interface SessionsTable {
  /** SHA-256 of the cookie's value, which has 256 random bits. */
  idHash: string
  userId: string
  createdAt: string
  /** To the minute. */
  usedAt: string
  /** When the password was last given within it; null: not since it began. */
  confirmedAt: string | null
}

/** Browsers and addresses that have signed in as a user, see `accounts/sessions/known-devices.ts`. */
export interface KnownDevicesTable {
  userId: string
  device: string
  /** Wrong passwords since it last signed in. */
  failures: number
  seenAt: string
}

export interface KeysTable {
  id: string
  ownerId: string
  name: string
  content: string
  /** MD5 as hex pairs with colons. */
  fingerprint: string
  fingerprintSha256: string
  createdAt: string
}

/** Whether a link works, as far as its last use has shown. `forbidden`: the platform refuses the account, or us. */
export type IntegrationStatus = 'ok' | 'token_rejected' | 'expired' | 'scope_missing' | 'forbidden'

export interface ScmIntegrationsTable {
  id: string
  ownerId: string
  scmType: ScmType
  /** The address as the user gave it. */
  url: string
  /** The same for every spelling of one place. */
  urlKey: string
  /** Web root and REST root, see `platforms/platform-url.ts`. */
  webUrl: string
  apiUrl: string
  uid: string
  username: string
  avatarUrl: string | null
  email: string | null
  profileUrl: string
  accessToken: Sealed
  /** Grows with each new token: names a token in caches without showing it. */
  tokenVersion: number
  tokenExpiresAt: string | null
  /** Space-separated; null when the platform does not tell. */
  scopes: string | null
  missingScopes: string
  status: IntegrationStatus
  /** What the platform said when it was refused, as a sentence; null when all is well, or when it has said nothing. */
  statusReason: string | null
  createdAt: string
  updatedAt: string
  // Of links made by OAuth; null for the others.
  /** null when the platform gave none. */
  refreshToken: Sealed | null
  /** Our application that the tokens were given to. */
  clientId: string | null
  /** When the platform gave the present token. */
  tokenObtainedAt: string | null
  /** Space-separated. */
  askedScopes: string | null
  /** Who may spend the refresh token, and until when: time and a random id. Or why nobody may until then. */
  refreshLease: string | null
}

/** An attempt to link that waits for the platform to send the browser back. */
export interface OAuthStatesTable {
  /** SHA-256 of the state, which has 256 random bits. */
  stateHash: string
  sessionHash: string
  userId: string
  scmType: OAuthScmType
  /** PKCE. */
  verifier: Sealed
  /** The link that is to be made again; null for a new one. */
  againId: string | null
  expiresAt: string
}

/** Tokens of links that are gone, until the platform has been told. */
export interface RevocationsTable {
  id: string
  scmType: OAuthScmType
  webUrl: string
  clientId: string
  accessToken: Sealed
  refreshToken: Sealed | null
  attempts: number
  createdAt: string
  /** When it is tried next. */
  nextAt: string
  /** Whose they were, and of which link; null where they never were a link's, and of what an older Forgelink queued. */
  ownerId: string | null
  integrationId: string | null
}

/** By which means something was done: `password` is Basic credentials or the sign-in page, `server` nobody's wish. */
export type EventMeans = 'session' | 'api_token' | 'password' | 'command_line' | 'server'

/** The audit trail. Nothing refers to other tables by a foreign key: a removed user's events stay. */
export interface EventsTable {
  /** A UUID of version 7: sorts by time. */
  id: string
  createdAt: string
  type: string
  /** Whose account it is about; null when that is nobody's. */
  userId: string | null
  /** As it was then. */
  username: string | null
  via: EventMeans
  /** Of the API token, where `via` is one. */
  tokenId: string | null
  tokenName: string | null
  /** Where the request came from. */
  remoteIp: string | null
  requestId: string | null
  /** JSON; its shapes are in `audit/event-types.ts`. */
  typeData: string
}

/** Key ids that sealed something, each with a proof that tells the right key from another of the same id. */
export interface SecretKeysTable {
  id: string
  proof: Sealed
}

export interface Tables {
  users: UsersTable
  apiTokens: ApiTokensTable
  sessions: SessionsTable
  knownDevices: KnownDevicesTable
  keys: KeysTable
  scmIntegrations: ScmIntegrationsTable
  oauthStates: OAuthStatesTable
  revocations: RevocationsTable
  events: EventsTable
  secretKeys: SecretKeysTable
}
