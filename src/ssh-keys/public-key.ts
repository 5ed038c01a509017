// Parses one OpenSSH public key: RFC 4253 section 6.6, RFC 5656, RFC 8709, and OpenSSH's PROTOCOL.u2f for the sk-
// types.

import { hash } from 'node:crypto'
import { UNPRINTABLE } from '../text.ts'

export interface PublicKey {
  /** "type base64", without comment. */
  key: string
  type: string
  /** MD5 as hex pairs with colons, as the API shows it. */
  fingerprint: string
  /** `SHA256:…`, as OpenSSH shows it. */
  fingerprintSha256: string
}

const MIN_RSA_BITS = 2048
const MAX_RSA_BITS = 16_384
/** Maximum length of a key in characters. */
export const MAX_KEY_LENGTH = 8_192

/** Checks one field of a key's blob after the type; returns whether it is well-formed. */
type Field = (value: Buffer) => boolean

const ed25519Point: Field = (value) => value.length === 32
const application: Field = (value) => value.length > 0
/** An uncompressed point: 0x04 and two coordinates. */
const ecPoint =
  (bytes: number): Field =>
  (value) =>
    value.length === 1 + 2 * bytes && value[0] === 4
const curve =
  (name: string): Field =>
  (value) =>
    value.toString('latin1') === name
const exponent: Field = (value) => bitsOf(value) > 1
const modulus: Field = (value) => bitsOf(value) > 0

const fieldsByType: Record<string, Field[]> = {
  'ssh-ed25519': [ed25519Point],
  'ssh-rsa': [exponent, modulus],
  'ecdsa-sha2-nistp256': [curve('nistp256'), ecPoint(32)],
  'ecdsa-sha2-nistp384': [curve('nistp384'), ecPoint(48)],
  'ecdsa-sha2-nistp521': [curve('nistp521'), ecPoint(66)],
  'sk-ssh-ed25519@openssh.com': [ed25519Point, application],
  'sk-ecdsa-sha2-nistp256@openssh.com': [curve('nistp256'), ecPoint(32), application],
}

/**
 * The type, the base64 and the comment of one line, with white space and line ends around it. There is only one way to
 * match spaces: with several, 8 kB of spaces took minutes.
 */
const ONE_LINE = /^[ \t\r\n]*(\S+)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t]([^\r\n]*))?(?:[\r\n][ \t\r\n]*)?$/

/**
 * Parses `text` as exactly one public key, with an optional comment, and white space and line ends around it; otherwise
 * returns a message that says why not, which never repeats the text.
 */
export function readPublicKey(text: string): PublicKey | { problem: string } {
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY|PuTTY-User-Key-File-/.test(text)) {
    return {
      problem: 'is a private key: keep it to yourself and send the public one (the .pub file). It was not stored',
    }
  }
  if (text.length > MAX_KEY_LENGTH) return { problem: `is too long (at most ${MAX_KEY_LENGTH} characters)` }
  const [, type, base64, comment = ''] = ONE_LINE.exec(text) ?? []
  if (!type || !base64) return { problem: 'is not one SSH public key such as "ssh-ed25519 AAAA… comment"' }
  // Keys are shown in terminals and written to files of one key a line. A tab is white space.
  if (UNPRINTABLE.test(comment.replaceAll('\t', ' '))) {
    return { problem: 'has control characters in its comment: send it without them' }
  }
  const fields = Object.hasOwn(fieldsByType, type) ? fieldsByType[type] : undefined
  if (!fields) return { problem: `has a type that is not taken (these are: ${Object.keys(fieldsByType).join(', ')})` }

  const blob = Buffer.from(base64, 'base64')
  // Like OpenSSH: the padding is required.
  if (blob.toString('base64') !== base64) return { problem: 'is not valid base64' }
  const [blobType, ...values] = readStrings(blob) ?? []
  if (blobType?.toString('latin1') !== type) return { problem: 'is damaged: its type and its content do not fit' }
  if (values.length !== fields.length || !fields.every((isField, index) => isField(values[index] ?? Buffer.alloc(0)))) {
    return { problem: 'is damaged or incomplete' }
  }
  if (type === 'ssh-rsa') {
    const bits = bitsOf(values[1] ?? Buffer.alloc(0))
    if (bits < MIN_RSA_BITS) return { problem: `is an RSA key of ${bits} bits; at least ${MIN_RSA_BITS} are asked for` }
    if (bits > MAX_RSA_BITS) return { problem: `is an RSA key of more than ${MAX_RSA_BITS} bits` }
  }
  return {
    key: `${type} ${base64}`,
    type,
    fingerprint: hash('md5', blob, 'hex').replace(/..(?!$)/g, '$&:'),
    fingerprintSha256: `SHA256:${hash('sha256', blob, 'base64').replace(/=+$/, '')}`,
  }
}

/** The strings of a blob, each preceded by its length in four bytes; undefined when the last one is incomplete. */
function readStrings(blob: Buffer): Buffer[] | undefined {
  const strings: Buffer[] = []
  let offset = 0
  while (offset < blob.length) {
    if (offset + 4 > blob.length) return undefined
    const end = offset + 4 + blob.readUInt32BE(offset)
    if (end > blob.length) return undefined
    strings.push(blob.subarray(offset + 4, end))
    offset = end
  }
  return strings
}

/** Bits of an mpint (RFC 4251 section 5); 0 when it is negative, zero or not in its shortest form. */
function bitsOf(mpint: Buffer): number {
  const [first = 0, second = 0] = mpint
  if (first & 0x80 || (first === 0 && !(second & 0x80))) return 0
  const start = first === 0 ? 1 : 0
  return (mpint.length - start) * 8 - Math.clz32(mpint[start] ?? 0) + 24
}
