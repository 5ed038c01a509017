// The people of the sandbox and their SSH keys.

import type { SshKey, User } from '../state.ts'
import { publicKeys } from './public-keys.ts'
import type { VendorSeed } from './vendor-seed.ts'

export const people = { alice: 42, johnDiggle: 8, bob: 43, carol: 44, dave: 45, bot: 77, serviceAccount: 78 }

export function seedUsers(seed: VendorSeed): User[] {
  return [
    person(people.alice, 'alice', 'Alice Example', { keys: [...aliceKeys(), ...structuredClone(seed.keys)] }),
    person(people.johnDiggle, 'john-diggle', 'John Diggle', {
      publicEmail: 'john-diggle@example.test',
      keys: [key(201, 'Bunker', publicKeys.ed25519Fourth)],
    }),
    person(people.bob, 'bob', 'Bob Ünconfirmed', { confirmedAt: null, avatar: false, emails: [] }),
    person(people.carol, 'carol', 'Carol Few', { keys: [key(401, 'carol@desk', publicKeys.ed25519Fifth)] }),
    person(people.dave, 'dave', 'Dave Blocked', { blocked: true }),
    ...structuredClone(seed.users),
  ]
}

export function person(id: number, username: string, name: string, own: Partial<User>): User {
  const email = `${username}@example.test`
  return {
    id,
    username,
    name,
    emails: [
      { email: `${id}+${username}@users.noreply.example.test`, primary: false, verified: true, visibility: null },
      { email: `${username}.old@example.test`, primary: false, verified: false, visibility: null },
      { email, primary: true, verified: true, visibility: 'private' },
    ],
    publicEmail: null,
    confirmedAt: '2024-01-02T03:04:06Z',
    avatar: true,
    createdAt: '2024-01-02T03:04:05Z',
    bot: false,
    blocked: false,
    keys: [],
    ...own,
  }
}

/** Every type of key, and every special case: equal titles, no title, control characters, keys only for signing. */
function aliceKeys(): SshKey[] {
  return [
    key(101, 'Dev key', publicKeys.ed25519),
    key(102, 'Laptop', publicKeys.rsa4096),
    key(103, 'Laptop', publicKeys.rsa2048),
    key(104, '', publicKeys.ecdsa256),
    key(105, 'Tab\tbell\u0007 and\nnew line', publicKeys.ecdsa384),
    key(106, 'Schlüssel 🔑 鍵', publicKeys.ecdsa521),
    key(107, 'YubiKey', publicKeys.skEd25519),
    key(108, 'YubiKey (NIST)', publicKeys.skEcdsa),
    key(109, 'Short RSA', publicKeys.rsa1024),
    key(110, 'Ancient DSA', publicKeys.dss),
    { ...key(111, 'Signing only', publicKeys.ed25519Second), usage: 'signing' },
  ]
}

export function key(id: number, title: string, text: string): SshKey {
  return { id, title, key: text, createdAt: '2025-01-01T00:00:00Z', expiresAt: null, usage: 'auth_and_signing' }
}
