// The tables of accounts, as `tables.ts` has the others: users, what they sign in with, and services that act for them.

import type { Generated } from 'kysely'
import type { Sealed } from '../sealed.ts'

export interface UsersTable {
  /** `us-<uuid>`, as the API shows it. */
  id: string
  /** null: who comes from a platform in front may have none. */
  email: string | null
  username: string
  /** null: called by the user name. */
  fullName: string | null
  /** Where the picture is: an https address, as the user gave it; null: none. */
  avatarUrl: string | null
  /** argon2id; null: cannot sign in with a password. */
  passwordHash: string | null
  createdAt: string
  updatedAt: string
  role: Generated<Role>
  /** 1, or 0 for a deactivated user, whose every credential is refused. */
  active: Generated<number>
  /** The last time that the user was deactivated; it stays when they are active again, and no older JWT is taken. */
  deactivatedAt: string | null
}

export type Role = 'admin' | 'member'

/** Who a user is at an issuer. Any number for each user; e-mail addresses never link people. */
export interface IdentitiesTable {
  /** A UUID, for the API's paths. */
  id: string
  /** As the issuer writes itself in `iss`, compared byte for byte. */
  issuer: string
  subject: string
  userId: string
  createdAt: string
  lastUsedAt: string | null
}

/** Who was provisioned by SCIM. The row goes when SCIM deletes the user, who stays as a deactivated one. */
export interface ScimUsersTable {
  userId: string
  /** As it was sent; unique in any case of letters. */
  userName: string
  createdAt: string
  updatedAt: string
}

/** `tk-svc-…`: how a service of the platform in front proves itself. Never changed, only removed. */
export interface ServiceTokensTable {
  /** `svc-<uuid>`. */
  id: string
  name: string
  /** SHA-256 of the token, which has 256 random bits. */
  tokenHash: string
  /** Space-separated; see `accounts/scopes.ts`. */
  scopes: string
  /** JSON: the issuers whose users it may act for. */
  issuers: string
  createdAt: string
  /** null: never. */
  expiresAt: string | null
  /** Exact to the minute. */
  lastUsedAt: string | null
  /** The administrator who made it; null: the command line. */
  makerId: string | null
}

export interface ApiTokensTable {
  id: string
  userId: string
  name: string
  /** SHA-256 of the token, which has 256 random bits, so no slower hash is needed. */
  tokenHash: string
  createdAt: string
  /** When the present value was issued: at creation or renewal. */
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
  /** Exact to the minute. */
  usedAt: string
  /** When the password was last given again in it; null: not since it began. */
  confirmedAt: string | null
  /** By what the person proved themselves. */
  beganBy: Generated<'password' | 'oidc'>
  /** Where it began; null in rows of an older Forgelink. */
  remoteIp: string | null
  userAgent: string | null
  // Only for sessions that began at the OpenID provider, which may end them; null for the others
  oidcIssuer: string | null
  oidcSubject: string | null
  /** The provider's name for its own session there. */
  oidcSid: string | null
  /** With it the provider knows whom to sign out; null when it is too long to go into an address. */
  idToken: Sealed | null
}

/** An attempt to sign in: we wait for the OpenID provider to send the browser back. */
export interface OidcStatesTable {
  /** SHA-256 of the state, which has 256 random bits. */
  stateHash: string
  /** SHA-256 of the value of the browser's session cookie, signed in or not. */
  browserHash: string
  purpose: OidcPurpose
  /** Who is signed in here meanwhile; null for signing in. */
  userId: string | null
  /** The ID token has to repeat it. */
  nonce: string
  /** The PKCE code verifier. */
  verifier: Sealed
  /** Where to go afterwards: a path of ours. */
  returnTo: string
  createdAt: string
  expiresAt: string
}

/** `confirm`: the person signs in there once more, to prove that it is still they; `connect`: to add the identity. */
export type OidcPurpose = 'sign_in' | 'confirm' | 'connect'

/** Logout tokens that were used, since each counts once. */
export interface OidcLogoutTokensTable {
  /** SHA-256 of issuer and `jti`. */
  tokenHash: string
  expiresAt: string
}

/** Browsers and addresses that have signed in as a user; see `accounts/sessions/known-devices.ts`. */
export interface KnownDevicesTable {
  userId: string
  device: string
  /** Wrong passwords since it last signed in. */
  failures: number
  seenAt: string
}
