// SSH public keys for tests; nobody has their private halves.

const HEAD = '0000000b7373682d6564323535313900000020'

/** Any ed25519 key; each number has one of its own. */
export function ed25519Key(n: number): string {
  const point = Buffer.alloc(32, 1)
  point.writeUInt32BE(n)
  return `ssh-ed25519 ${Buffer.concat([Buffer.from(HEAD, 'hex'), point]).toString('base64')}`
}
