// The known_devices table: browsers and addresses that have signed in to an account. Their wrong passwords are counted
// separately, so that nobody is locked out by another person's guesses.
// https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies

import { createHmac, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import { noteIfPossible } from '../../database/database.ts'
import type { Vault } from '../../secrets/vault.ts'
import { equalInConstantTime } from '../../text.ts'
import { DAY_MS, now } from '../../time.ts'
import type { User } from '../users.ts'

const LIFETIME_MS = 30 * DAY_MS
/** Seconds after which a browser forgets the cookie. */
export const DEVICE_SECONDS = LIFETIME_MS / 1000
/** After this many wrong passwords, a device counts as unknown. */
const MAX_FAILURES = 10
/** Per account; the device that has not signed in for longest is forgotten. */
const MAX_DEVICES = 50

/** Where a password comes from: the network, the typed name, and the value of the browser's cookie. */
export interface Origin {
  network: string
  name: string
  cookie: string | undefined
}

/** The value of a new cookie, for one browser. It contains the account, and is valid until the password changes. */
export function newDeviceCookie(vault: Vault, user: User): { cookie: string; device: string } {
  const nonce = randomBytes(16).toString('base64url')
  const [newest = ''] = signaturesOf(vault, user, nonce)
  return { cookie: `${user.id}.${nonce}.${newest}`, device: browserOf(nonce) }
}

function signaturesOf(vault: Vault, { id, passwordHash }: User, nonce: string): string[] {
  // With each of the keys, newest first: after a key rotation, browsers stay known.
  return vault
    .derive('device')
    .map(({ key }) => createHmac('sha256', key).update(`${id} ${nonce} ${passwordHash}`).digest('base64url'))
}

function browserOf(nonce: string): string {
  return `browser ${nonce}`
}

/** Each name of an account is counted separately; otherwise the counts would show that two names are one account's. */
function addressOf({ network, name }: Pick<Origin, 'network' | 'name'>): string {
  return `address ${network} as ${name}`
}

/** The device of the browser's cookie, if it is this user's and was made with the present password. */
function browserIn(vault: Vault, user: User, cookie: string | undefined): string | undefined {
  const [id, nonce = '', given = ''] = (cookie ?? '').split('.')
  const isOurs = id === user.id && signaturesOf(vault, user, nonce).some((wanted) => equalInConstantTime(given, wanted))
  return isOurs ? browserOf(nonce) : undefined
}

/** The known browser or else the known address; undefined for an unknown one, and when `user` does not exist. */
export async function findKnownDevice(
  database: Database,
  vault: Vault,
  user: User | undefined,
  origin: Origin,
): Promise<string | undefined> {
  const browser = user && browserIn(vault, user, origin.cookie)
  const rows = await database
    .selectFrom('knownDevices')
    .select('device')
    .where('userId', '=', user?.id ?? '')
    .where('device', 'in', [browser ?? '', addressOf(origin)])
    .where('failures', '<', MAX_FAILURES)
    .where('seenAt', '>', before(LIFETIME_MS))
    .execute()
  const found = rows.map(({ device }) => device)
  return found.find((device) => device === browser) ?? found[0]
}

/** Counts a wrong password of a known device. */
export async function noteDeviceFailure(database: Database, owner: string, device: string): Promise<void> {
  await noteIfPossible(
    database
      .updateTable('knownDevices')
      .set({ failures: sql<number>`failures + 1` })
      .where('userId', '=', owner)
      .where('device', '=', device)
      .execute(),
  )
}

/** Remembers that the address has signed in as the user, both for the e-mail address and for the user name. */
export async function rememberAddress(database: Database, user: User, network: string): Promise<void> {
  const names = [user.email ?? user.username, user.username].map(loginName)
  await remember(
    database,
    user.id,
    names.map((name) => addressOf({ network, name })),
  )
}

/** Call it in the transaction that signs in. */
export async function rememberBrowser(database: Database, owner: string, device: string): Promise<void> {
  await remember(database, owner, [device])
}

/**
 * The form of a name under which failures are counted. It is kept in memory, so it is cut; no user's name is that long.
 */
export function loginName(login: string): string {
  return login.toLowerCase().slice(0, 254)
}

async function remember(database: Database, owner: string, devices: string[]): Promise<void> {
  const present = await database
    .selectFrom('knownDevices')
    .select('device')
    .where('userId', '=', owner)
    .where('device', 'in', devices)
    .where('failures', '=', 0)
    .where('seenAt', '>', before(DAY_MS))
    .execute()
  // A program that sends a password with each call must not cause a write each time.
  if (present.length === new Set(devices).size) return
  await database
    .insertInto('knownDevices')
    .values([...new Set(devices)].map((device) => ({ userId: owner, device, failures: 0, seenAt: now() })))
    .onConflict((conflict) => conflict.columns(['userId', 'device']).doUpdateSet({ failures: 0, seenAt: now() }))
    .execute()
  await database.deleteFrom('knownDevices').where('seenAt', '<=', before(LIFETIME_MS)).execute()
  await database
    .deleteFrom('knownDevices')
    .where('userId', '=', owner)
    .where('device', 'not in', (query) =>
      query
        .selectFrom('knownDevices')
        .select('device')
        .where('userId', '=', owner)
        .orderBy('seenAt', 'desc')
        .orderBy('device')
        .limit(MAX_DEVICES),
    )
    .execute()
}

/** Makes all devices unknown, as for a new password. */
export async function forgetDevices(database: Database, owner: string): Promise<void> {
  await database.deleteFrom('knownDevices').where('userId', '=', owner).execute()
}

function before(ms: number): string {
  return new Date(Date.now() - ms).toISOString()
}
