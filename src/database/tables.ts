// The tables as Kysely knows them: snake_case in SQL, camelCase here. Times are ISO 8601 text in UTC, which sorts by
// time on both engines.

import type { Generated } from 'kysely'
import type { OAuthScmType, ScmType } from '../platforms/scm-types.ts'
import type { Sealed } from '../sealed.ts'
import type {
  ApiTokensTable,
  IdentitiesTable,
  KnownDevicesTable,
  OidcLogoutTokensTable,
  OidcStatesTable,
  ScimUsersTable,
  ServiceTokensTable,
  SessionsTable,
  UsersTable,
} from './account-tables.ts'

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

/** Whether a link works, as its last use has shown. `forbidden`: the platform rejects the account or our server. */
export type IntegrationStatus = 'ok' | 'token_rejected' | 'expired' | 'scope_missing' | 'forbidden'

export interface ScmIntegrationsTable {
  id: string
  ownerId: string
  scmType: ScmType
  /** The address as the user gave it. */
  url: string
  /** The same for every spelling of one address. */
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
  /** Grows with each new token, so that caches can tell tokens apart without containing them. */
  tokenVersion: number
  tokenExpiresAt: string | null
  /** Space-separated; null when the platform does not say. */
  scopes: string | null
  missingScopes: string
  status: IntegrationStatus
  /** The platform's reason for the status, as a sentence; null when the link works, or when there is no reason. */
  statusReason: string | null
  createdAt: string
  updatedAt: string
  // Only for links made by OAuth; null for the others
  /** null when the platform gave none. */
  refreshToken: Sealed | null
  /** The OAuth application that the tokens were issued to. */
  clientId: string | null
  /** When the platform issued the present token. */
  tokenObtainedAt: string | null
  /** Space-separated. */
  askedScopes: string | null
  /** Which process may use the refresh token, and until when: time and a random id. Or why none may until then. */
  refreshLease: string | null
}

/** An attempt to link: we wait for the platform to send the browser back. */
export interface OAuthStatesTable {
  /** SHA-256 of the state, which has 256 random bits. */
  stateHash: string
  /** The session that began it, with which it ends; null for a link session's. */
  sessionHash: string | null
  /** SHA-256 of a link session's cookie in the browser that began; null for a session's. */
  browserHash: string | null
  userId: string
  scmType: OAuthScmType
  /** The PKCE code verifier. */
  verifier: Sealed
  /** The link that should be made again; null for a new one. */
  againId: string | null
  expiresAt: string
}

/** A browser that links an account for a user who never signs in here; see `link-sessions/`. */
export interface LinkSessionsTable {
  id: string
  ownerId: string
  status: LinkSessionStatus
  returnUrl: string
  /** What is to be linked; null: the person chooses. */
  scmType: ScmType | null
  url: string | null
  /** Who made it, and acts for the owner. */
  actType: ActType
  actId: string
  actName: string
  createdAt: string
  /** Until it is linked: the end of linking. Then: the end of completing. */
  expiresAt: string
  /** SHA-256 of the cookie of the browser in which it began. */
  browserHash: string | null
  /** SHA-256 of the completion code, which has 256 random bits. */
  codeHash: string | null
  wrongCodes: Generated<number>
  // What is linked but not completed; null before and after
  /** JSON; see `link-sessions/held.ts`. */
  held: string | null
  /** A pasted token. Tokens of OAuth are in the revocation of the next column. */
  heldToken: Sealed | null
  revocationId: string | null
  /** The link, once it is completed. */
  integrationId: string | null
  /** Why nothing was linked: a code. */
  error: string | null
}

export type LinkSessionStatus = 'open' | 'begun' | 'linked' | 'completed' | 'refused' | 'failed' | 'expired'

/** A link for one use, by which a user sets a password. At most one for each user; the row goes when it is used. */
export interface InvitationsTable {
  userId: string
  /** SHA-256 of the secret in the link, which has 256 random bits. */
  secretHash: string
  /** Stands for the account as it was when the link was made; see `invitations/invitations.ts`. */
  accountHash: string
  /** Who made it; null: the operator, or an administrator for themselves. */
  actType: ActType | null
  actId: string | null
  actName: string | null
  createdAt: string
  expiresAt: string
}

/** Tokens of removed links that still have to be revoked at their platform. */
export interface RevocationsTable {
  id: string
  scmType: OAuthScmType
  webUrl: string
  clientId: string
  accessToken: Sealed
  refreshToken: Sealed | null
  attempts: number
  createdAt: string
  /** When to try next. */
  nextAt: string
  /** The owner and the link they had; null when they never belonged to a link, and in rows of an older Forgelink. */
  ownerId: string | null
  integrationId: string | null
}

/**
 * How something was done: `password` is Basic credentials or the sign-in page, `oidc` the OpenID provider where people sign
 * in, `server` the server itself, `service_token` and `issuer` a JWT that a service was given or a trusted issuer has signed,
 * `link_session` a page of a link session, `invitation` the page of an invitation.
 */
export type EventMeans =
  | 'session'
  | 'api_token'
  | 'password'
  | 'oidc'
  | 'command_line'
  | 'server'
  | 'service_token'
  | 'issuer'
  | 'link_session'
  | 'invitation'

/** What acts for somebody else. */
export type ActType = 'service' | 'administrator' | 'issuer'

/** The audit trail. It has no foreign keys, so a removed user's events stay. */
export interface EventsTable {
  /** A UUID of version 7: sorts by time. */
  id: string
  createdAt: string
  type: string
  /** The account that the event is about; null for none. */
  userId: string | null
  /** The name at that time. */
  username: string | null
  via: EventMeans
  /** The API token's id, when `via` is one. */
  tokenId: string | null
  tokenName: string | null
  /** Where the request came from. */
  remoteIp: string | null
  requestId: string | null
  /** Who acted, if it was not the user: `svc-<uuid>`, `us-<uuid>` or an issuer, with its name at that time. */
  actType: ActType | null
  actId: string | null
  actName: string | null
  /** JSON; its shapes are in `audit/event-types.ts`. */
  typeData: string
}

/**
 * Key ids that have sealed something, each with a proof that distinguishes the right key from another with the same id.
 */
export interface SecretKeysTable {
  id: string
  proof: Sealed
}

export interface Tables {
  users: UsersTable
  identities: IdentitiesTable
  invitations: InvitationsTable
  scimUsers: ScimUsersTable
  serviceTokens: ServiceTokensTable
  apiTokens: ApiTokensTable
  sessions: SessionsTable
  knownDevices: KnownDevicesTable
  keys: KeysTable
  scmIntegrations: ScmIntegrationsTable
  oauthStates: OAuthStatesTable
  linkSessions: LinkSessionsTable
  oidcStates: OidcStatesTable
  oidcLogoutTokens: OidcLogoutTokensTable
  revocations: RevocationsTable
  events: EventsTable
  secretKeys: SecretKeysTable
}
