// The known_devices table: browsers and addresses that have signed in as an account, whose guesses are counted apart, so that
// nobody is locked out by the guesses of others.
// https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies

import { createHmac, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Database } from '../../database/database.ts'
import { noteIfPossible } from '../../database/database.ts'
import type { Vault } from '../../secrets/vault.ts'
import { equalInConstantTime } from '../../text.ts'
import { now } from '../../time.ts'
import type { User } from '../users.ts'

const DAY_MS = 86_400_000
const LIFETIME_MS = 30 * DAY_MS
/** Seconds after which a browser forgets the cookie. */
export const DEVICE_SECONDS = LIFETIME_MS / 1000
/** Wrong passwords after which a device is known no more. */
const MAX_FAILURES = 10
/** Of one account; the one that has not signed in for longest is forgotten. */
const MAX_DEVICES = 50

/** Where a password comes from: the network, the name that was typed, and the value of the browser's cookie. */
export interface Origin {
  network: string
  name: string
  cookie: string | undefined
}

/** The value of a new cookie, for one browser. It names the account, and ends with its password. */
export function newDeviceCookie(vault: Vault, user: User): { cookie: string; device: string } {
  const nonce = randomBytes(16).toString('base64url')
  const [newest = ''] = signaturesOf(vault, user, nonce)
  return { cookie: `${user.id}.${nonce}.${newest}`, device: browserOf(nonce) }
}

function signaturesOf(vault: Vault, { id, passwordHash }: User, nonce: string): string[] {
  // By each of the keys, newest first: a rotation of those makes no browser new.
  return vault
    .derive('device')
    .map(({ key }) => createHmac('sha256', key).update(`${id} ${nonce} ${passwordHash}`).digest('base64url'))
}

function browserOf(nonce: string): string {
  return `browser ${nonce}`
}

/** Apart for each name of the account: else its failures would tell that two names are one account's. */
function addressOf({ network, name }: Pick<Origin, 'network' | 'name'>): string {
  return `address ${network} as ${name}`
}

/** The device of the browser's cookie, when that is this user's and of the present password. */
function browserIn(vault: Vault, user: User, cookie: string | undefined): string | undefined {
  const [id, nonce = '', given = ''] = (cookie ?? '').split('.')
  const isOurs = id === user.id && signaturesOf(vault, user, nonce).some((wanted) => equalInConstantTime(given, wanted))
  return isOurs ? browserOf(nonce) : undefined
}

/** The browser or else the address as which this is known; undefined for somebody new, and for a `user` that is not there. */
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

/** Counts a wrong password of a device that is known. */
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

/** The address has signed in as the user, whose e-mail address and name both count. */
export async function rememberAddress(database: Database, user: User, network: string): Promise<void> {
  const names = [user.email, user.username].map(loginName)
  await remember(
    database,
    user.id,
    names.map((name) => addressOf({ network, name })),
  )
}

/** Within the transaction of signing in. */
export async function rememberBrowser(database: Database, owner: string, device: string): Promise<void> {
  await remember(database, owner, [device])
}

/** A name as failures of it are counted. Cut, since it is kept in memory: no user's is as long. */
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
  // Programs that send a password with each call do not write each time.
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

/** With a new password all are new again. */
export async function forgetDevices(database: Database, owner: string): Promise<void> {
  await database.deleteFrom('knownDevices').where('userId', '=', owner).execute()
}

function before(ms: number): string {
  return new Date(Date.now() - ms).toISOString()
}
