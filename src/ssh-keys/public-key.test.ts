// SSH public keys: which are taken, with which fingerprints, and which are refused.

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readPublicKey } from './public-key.ts'

const ED25519 = 'AAAAC3NzaC1lZDI1NTE5AAAAIAfexDk/yLKoUeFUWpuVVL7FUXHbTAUk4z/m3fJMmkNc'
const KEY = `ssh-ed25519 ${ED25519}`
const FINGERPRINTS = {
  fingerprint: '4e:0d:78:d0:f4:94:8c:42:df:b4:d8:93:06:a8:93:8f',
  fingerprintSha256: 'SHA256:PG9nL2WXe6+iZGxizPuDckXjs+QVSb+g8KcWqWj7imM',
}

/** The blob of a key: each part with its length in four bytes before it (RFC 4251 section 5). */
function blob(...parts: (string | Buffer)[]): string {
  const strings = parts.flatMap((part) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(part.length)
    return [length, Buffer.from(part)]
  })
  return Buffer.concat(strings).toString('base64')
}

/** An mpint of so many bits, with nothing before its first one but what its form asks for. */
function mpint(bits: number): Buffer {
  const bytes = Buffer.alloc(Math.ceil(bits / 8), 0xa5)
  bytes[0] = 1 << ((bits - 1) % 8)
  return bits % 8 === 0 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes
}

function rsa(exponent: Buffer, modulus: Buffer, ...more: Buffer[]): string {
  return `ssh-rsa ${blob('ssh-rsa', exponent, modulus, ...more)}`
}

function ecdsa(curve: string, point: Buffer, type = `ecdsa-sha2-${curve}`, inside = type): string {
  return `${type} ${blob(inside, curve, point)}`
}

function point(bytes: number, first = 4): Buffer {
  return Buffer.concat([Buffer.from([first]), Buffer.alloc(2 * bytes, 7)])
}

const E = Buffer.from([1, 0, 1])
/** The generator of the curve, which is a point that ssh-keygen finds on it (FIPS 186-4, D.1.2.3). */
const P256_POINT = Buffer.from(
  '046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296' +
    '4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5',
  'hex',
)

/** The message, which never repeats what was sent. */
function problemOf(text: string): string {
  const read = readPublicKey(text)
  if (!('problem' in read)) return 'none'
  for (const [word] of text.matchAll(/[A-Za-z0-9+/]{12,}/g)) {
    if (!/^(ssh-|ecdsa|sk-|openssh)/.test(word)) expect(read.problem).not.toContain(word)
  }
  return read.problem
}

const INCOMPLETE = 'is damaged or incomplete'
const NOT_FITTING = 'is damaged: its type and its content do not fit'
const NOT_ONE = 'is not one SSH public key such as "ssh-ed25519 AAAA… comment"'
const CONTROL = 'has control characters in its comment: send it without them'
const NOT_TAKEN = expect.stringMatching(
  /^has a type that is not taken \(these are: ssh-ed25519, ssh-rsa, ecdsa-sha2-nistp256, .*\)$/,
)

describe('readPublicKey', () => {
  it.each([
    ['no comment', KEY],
    ['a comment', `${KEY} anna@laptop`],
    ['a comment with spaces', `${KEY} Anna's work laptop  (2024) `],
    ['a comment with tabs and other scripts', `${KEY}\tGrüße\t世界 🔑`],
    ['a comment that looks like a key', `${KEY} ${KEY}`],
    ['a trailing newline', `${KEY}\n`],
    ['a trailing CR LF', `${KEY} anna\r\n`],
    ['trailing spaces and a newline', `${KEY} \t \n`],
    ['empty lines after', `${KEY}\n\n\r\n \t\n`],
    ['a space before', ` ${KEY}`],
    ['empty lines, spaces and tabs before', `\n\r\n \t\n\t${KEY} anna`],
    ['white space all around', ` \n ${KEY} anna \n `],
    ['two spaces between its words', `ssh-ed25519  ${ED25519}  anna  laptop`],
    ['several spaces and tabs before the base64', `ssh-ed25519 \t  ${ED25519}`],
  ])('takes a key with %s', (_case, text) => {
    expect(readPublicKey(text)).toEqual({ key: KEY, type: 'ssh-ed25519', ...FINGERPRINTS })
  })

  it('takes base64 as OpenSSH does: with its padding, and no bits over', () => {
    const padded = rsa(E, mpint(2056))
    expect(padded).toMatch(/pQ==$/)
    expect(readPublicKey(padded)).toMatchObject({ key: padded, type: 'ssh-rsa' })
    for (const end of ['pQ', 'pQ=', 'pR==', 'pQ===', 'p===']) {
      expect([end, problemOf(padded.replace('pQ==', end))]).toEqual([
        end,
        end.endsWith('===') ? NOT_ONE : 'is not valid base64',
      ])
    }
  })

  it.each([
    [2047, 'is an RSA key of 2047 bits; at least 2048 are asked for'],
    [1024, 'is an RSA key of 1024 bits; at least 2048 are asked for'],
    [8, 'is an RSA key of 8 bits; at least 2048 are asked for'],
    [16_385, 'is an RSA key of more than 16384 bits'],
  ])('refuses an RSA key of %i bits', (bits, problem) => {
    expect(problemOf(rsa(E, mpint(bits)))).toBe(problem)
  })

  it.each([2048, 2049, 2055, 2056, 3072, 4096, 16_384])('takes an RSA key of %i bits', (bits) => {
    expect(readPublicKey(rsa(E, mpint(bits)))).toMatchObject({ type: 'ssh-rsa' })
  })

  it.each<[string, string, unknown]>([
    ['empty', '', NOT_ONE],
    ['blank', ' \n', NOT_ONE],
    ['only a type', 'ssh-ed25519', NOT_ONE],
    ['only base64', ED25519, NOT_ONE],
    ['a type and a space', 'ssh-ed25519 ', NOT_ONE],
    ['not base64', 'ssh-ed25519 !!!!', NOT_ONE],
    ['base64url', KEY.replace('/', '_'), NOT_ONE],
    ['three padding characters', `${KEY}===`, NOT_ONE],
    ['padding where none belongs', `${KEY}=`, 'is not valid base64'],
    ['a no-break space before', `\u00a0${KEY}`, expect.stringMatching(/^(is not one|has a type)/)],
    ['a byte order mark before', `\uFEFF${KEY}`, expect.stringMatching(/^(is not one|has a type)/)],
    ['a line break inside', KEY.replace('NTE5', 'NTE5\n'), NOT_ONE],
    ['a space inside the base64', KEY.replace('NTE5', 'NTE5 '), INCOMPLETE],
    ['two keys on two lines', `${KEY}\n${KEY}`, NOT_ONE],
    ['two keys parted by CR', `${KEY}\r${KEY}`, NOT_ONE],
    ['two keys parted by CR after a comment', `${KEY} anna\r${KEY}`, NOT_ONE],
    ['two keys and an empty line between', `\n${KEY}\n\n${KEY}\n`, NOT_ONE],
    ['words after an empty line', `${KEY}\n\n laptop`, NOT_ONE],
    ['a line separator of Unicode before another key', `${KEY} \u2028${KEY}`, CONTROL],
    ['a comment on a second line', `${KEY} anna\n# laptop`, NOT_ONE],
    ['a type on a line of its own', `ssh-ed25519\n${ED25519}`, NOT_ONE],
    ...['\0', '\x01', '\x07', '\x08', '\v', '\f', '\x1b[31m', '\x7f', '\x85', '\x9b', '\u2029', '\u202e', '\u2066'].map(
      (character): [string, string, unknown] => [
        `U+${character.charCodeAt(0).toString(16)} in the comment`,
        `${KEY} an${character}na`,
        CONTROL,
      ],
    ),
    ['NUL at the end', `${KEY}\0`, NOT_ONE],
    ['half a character in the comment', `${KEY} \uD800`, CONTROL],
    ['options before', `no-pty ${KEY}`, NOT_ONE],
    ['quoted options before', `command="/bin/true",no-pty ${KEY}`, NOT_ONE],
    ['a known_hosts line', `example.com ${KEY}`, NOT_ONE],
    ['another case of letters', KEY.replace('ssh', 'SSH'), NOT_TAKEN],
    ['a type of JavaScript', `constructor ${ED25519}`, NOT_TAKEN],
    ['ssh-dss', `ssh-dss ${blob('ssh-dss', mpint(1024), mpint(160), mpint(1023), mpint(1023))}`, NOT_TAKEN],
    ['ssh-ed448', `ssh-ed448 ${blob('ssh-ed448', Buffer.alloc(57, 1))}`, NOT_TAKEN],
    ['an RSA signature type', rsa(E, mpint(2048)).replace('ssh-rsa', 'rsa-sha2-256'), NOT_TAKEN],
    [
      'a certificate',
      `ssh-ed25519-cert-v01@openssh.com ${blob('ssh-ed25519-cert-v01@openssh.com', Buffer.alloc(32), Buffer.alloc(32))}`,
      NOT_TAKEN,
    ],
    [
      'a certificate under the type of a key',
      `ssh-ed25519 ${blob('ssh-ed25519-cert-v01@openssh.com', Buffer.alloc(32), Buffer.alloc(32))}`,
      NOT_FITTING,
    ],
    ['another type inside', KEY.replace('ssh-ed25519', 'ssh-rsa'), NOT_FITTING],
    ['no type inside', 'ssh-ed25519 AAAA', NOT_FITTING],
    ['an empty type inside', `ssh-ed25519 ${blob('', Buffer.alloc(32))}`, NOT_FITTING],
    ['a length beyond the end', `ssh-ed25519 ${ED25519.slice(0, -4)}`, NOT_FITTING],
    ['half a length at the end', `ssh-ed25519 ${ED25519}AAAA`, NOT_FITTING],
    ['a length of 4 GiB', `ssh-ed25519 ${Buffer.alloc(40, 255).toString('base64')}`, NOT_FITTING],
    ['ed25519 with nothing after the type', `ssh-ed25519 ${blob('ssh-ed25519')}`, INCOMPLETE],
    ['ed25519 of 31 bytes', `ssh-ed25519 ${blob('ssh-ed25519', Buffer.alloc(31, 1))}`, INCOMPLETE],
    ['ed25519 of 33 bytes', `ssh-ed25519 ${blob('ssh-ed25519', Buffer.alloc(33, 1))}`, INCOMPLETE],
    ['ed25519 with more after it', `ssh-ed25519 ${blob('ssh-ed25519', Buffer.alloc(32, 1), '')}`, INCOMPLETE],
    ['rsa without modulus', `ssh-rsa ${blob('ssh-rsa', E)}`, INCOMPLETE],
    ['rsa with more after it', rsa(E, mpint(2048), E), INCOMPLETE],
    ['rsa with a negative modulus', rsa(E, Buffer.alloc(256, 0xa5)), INCOMPLETE],
    ['rsa with a zero too many', rsa(E, Buffer.concat([Buffer.from([0]), mpint(2048)])), INCOMPLETE],
    ['rsa with a zero before a small byte', rsa(E, Buffer.concat([Buffer.from([0]), mpint(2049)])), INCOMPLETE],
    ['rsa with the modulus 0', rsa(E, Buffer.alloc(0)), INCOMPLETE],
    ['rsa with the modulus 0 in one byte', rsa(E, Buffer.alloc(1)), INCOMPLETE],
    ['rsa with a modulus of zeros', rsa(E, Buffer.alloc(257)), INCOMPLETE],
    ['rsa with a negative exponent', rsa(Buffer.from([0x81]), mpint(2048)), INCOMPLETE],
    ['rsa with the exponent 0', rsa(Buffer.alloc(0), mpint(2048)), INCOMPLETE],
    ['rsa with the exponent 1', rsa(Buffer.from([1]), mpint(2048)), INCOMPLETE],
    ['rsa with zeros before the exponent', rsa(Buffer.from([0, 1, 0, 1]), mpint(2048)), INCOMPLETE],
    ['ecdsa with another curve inside', ecdsa('nistp384', point(48), 'ecdsa-sha2-nistp256'), INCOMPLETE],
    ['ecdsa with the point of another curve', ecdsa('nistp256', point(48)), INCOMPLETE],
    ['ecdsa with a point too short', ecdsa('nistp256', point(32).subarray(0, 64)), INCOMPLETE],
    ['ecdsa with a point too long', ecdsa('nistp521', Buffer.concat([point(66), Buffer.alloc(1)])), INCOMPLETE],
    ['ecdsa with a compressed point', ecdsa('nistp256', Buffer.alloc(33, 2)), INCOMPLETE],
    ['ecdsa with a point that is no point', ecdsa('nistp256', point(32, 0)), INCOMPLETE],
    ['ecdsa on another curve', ecdsa('nistk163', point(21)), NOT_TAKEN],
    [
      'sk-ed25519 without application',
      `sk-ssh-ed25519@openssh.com ${blob('sk-ssh-ed25519@openssh.com', Buffer.alloc(32))}`,
      INCOMPLETE,
    ],
    [
      'sk-ed25519 with an empty application',
      `sk-ssh-ed25519@openssh.com ${blob('sk-ssh-ed25519@openssh.com', Buffer.alloc(32), '')}`,
      INCOMPLETE,
    ],
    [
      'sk-ed25519 under the type of a plain one',
      `ssh-ed25519 ${blob('ssh-ed25519', Buffer.alloc(32), 'ssh:')}`,
      INCOMPLETE,
    ],
    ['8,193 characters', `${KEY} ${'x'.repeat(8193 - KEY.length - 1)}`, 'is too long (at most 8192 characters)'],
  ])('refuses what is %s', (_case, text, problem) => {
    expect(problemOf(text)).toEqual(problem)
  })

  it('takes 8,192 characters', () => {
    expect(readPublicKey(`${KEY} ${'x'.repeat(8192 - KEY.length - 1)}`)).toMatchObject({ key: KEY })
  })

  it.each(['OPENSSH ', 'RSA ', 'EC ', 'ENCRYPTED ', ''])('calls a private key by its name (PEM %s)', (kind) => {
    const pem = `-----BEGIN ${kind}PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END ${kind}PRIVATE KEY-----\n`
    expect(problemOf(pem)).toMatch(/^is a private key: /)
    expect(problemOf(`${KEY}\n${pem}`)).toMatch(/^is a private key: /)
    expect(problemOf(pem.repeat(200))).toMatch(/^is a private key: /)
  })

  it('calls a PuTTY private key by its name', () => {
    const ppk = `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: anna\nPublic-Lines: 2\n${ED25519}\nPrivate-Lines: 1\nAAAAIB2x\n`
    expect(problemOf(ppk)).toMatch(/^is a private key: /)
  })

  it.each([
    ['spaces, two line ends and a word', `${KEY}${' '.repeat(8000)}\n\nx`],
    ['tabs and NUL', `${KEY}${'\t '.repeat(4000)}\0`],
    ['spaces and line ends before what is no key', `${' \n'.repeat(4000)}x`],
    ['spaces and line ends after a key and before a word', `${KEY} ${' \n'.repeat(4000)}x`],
    ['spaces before the base64', `ssh-ed25519${' '.repeat(8000)}\n\n`],
    ['base64 that goes on', `ssh-ed25519 ${'A'.repeat(8000)}!`],
    ['padding that goes on', `ssh-ed25519 ${'='.repeat(8000)}`],
    ['a type that goes on', 'x'.repeat(8192)],
  ])('refuses 8 kB of %s at once', (_case, text) => {
    const started = performance.now()
    expect(problemOf(text)).not.toBe('none')
    expect(performance.now() - started).toBeLessThan(200)
  })

  it('never throws, whatever the text is', () => {
    const base64 = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('base64'))
    const fields = fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 4 })
    const types = fc.constantFrom(
      'ssh-ed25519',
      'ssh-rsa',
      'ecdsa-sha2-nistp256',
      'sk-ssh-ed25519@openssh.com',
      '__proto__',
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(types, base64, fc.string()).map((words) => words.join(' ')),
      fc
        .tuple(types, fields)
        .map(([type, parts]) => `${type} ${blob(type, ...parts.map((part) => Buffer.from(part)))}`),
      fc
        .tuple(fc.nat(KEY.length), fc.string({ maxLength: 3 }))
        .map(([at, more]) => KEY.slice(0, at) + more + KEY.slice(at)),
    )
    fc.assert(
      fc.property(text, (sent) => {
        const read = readPublicKey(sent)
        if ('problem' in read) expect(read.problem).toMatch(/^(is|has) /)
        else expect(sent.replace(/^[ \t\r\n]+/, '').startsWith(read.type)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

interface SampleKeys {
  valid: {
    name: string
    type: string
    bits: number
    content: string
    fingerprint_md5: string
    fingerprint_sha256: string
  }[]
  invalid: { case: string; content: string }[]
}

const SAMPLES = join(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'ssh-public-keys.json')
const samples: SampleKeys = existsSync(SAMPLES) ? JSON.parse(readFileSync(SAMPLES, 'utf8')) : { valid: [], invalid: [] }

describe.skipIf(!existsSync(SAMPLES))('the sample keys (skipped where ../shared/data is absent)', () => {
  it.for(samples.valid)('$name has the fingerprints that OpenSSH shows', (sample) => {
    const read = readPublicKey(sample.content)
    if (sample.type === 'ssh-rsa' && sample.bits < 2048) {
      expect(read).toEqual({ problem: `is an RSA key of ${sample.bits} bits; at least 2048 are asked for` })
      return
    }
    expect(read).toEqual({
      key: sample.content.split(' ').slice(0, 2).join(' '),
      type: sample.type,
      fingerprint: sample.fingerprint_md5,
      fingerprintSha256: sample.fingerprint_sha256,
    })
  })

  it.for(samples.invalid)('refused: $case', ({ content }) => {
    expect(problemOf(content)).not.toBe('none')
  })
})

const hasSshKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined

describe.skipIf(!hasSshKeygen)('keys that ssh-keygen makes (skipped where there is none)', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'forgelink-keys-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** As `ssh-keygen -l` shows it: "256 MD5:4e:0d:… comment (ED25519)". */
  function fingerprintOf(file: string, hash: 'md5' | 'sha256'): string | undefined {
    const line = execFileSync('ssh-keygen', ['-l', '-E', hash, '-f', file], { encoding: 'utf8' })
    return line.split(' ')[1]
  }

  it.each([
    ['ed25519', '256', 'ssh-ed25519'],
    ['rsa', '2048', 'ssh-rsa'],
    ['rsa', '3072', 'ssh-rsa'],
    ['rsa', '4096', 'ssh-rsa'],
    ['ecdsa', '256', 'ecdsa-sha2-nistp256'],
    ['ecdsa', '384', 'ecdsa-sha2-nistp384'],
    ['ecdsa', '521', 'ecdsa-sha2-nistp521'],
  ])('%s %s', (kind, bits, type) => {
    const file = join(folder, `${kind}-${bits}`)
    execFileSync('ssh-keygen', ['-q', '-t', kind, '-b', bits, '-N', '', '-C', 'anna at work', '-f', file])
    const content = readFileSync(`${file}.pub`, 'utf8')
    const read = readPublicKey(content)
    expect(read).toEqual({
      key: content.split(' ').slice(0, 2).join(' '),
      type,
      fingerprint: fingerprintOf(`${file}.pub`, 'md5')?.replace('MD5:', ''),
      fingerprintSha256: fingerprintOf(`${file}.pub`, 'sha256'),
    })
    expect(problemOf(readFileSync(file, 'utf8'))).toMatch(/^is a private key: /)
  })

  // What it takes in a file of one key, we take as well, and with the same fingerprint.
  it('takes one key with white space around and between, as ssh-keygen does', () => {
    const file = join(folder, 'spaced.pub')
    const space = fc.array(fc.constantFrom(' ', '\t'), { maxLength: 3 }).map((parts) => parts.join(''))
    const lines = fc.array(fc.constantFrom(' ', '\t', '\n', '\r\n'), { maxLength: 4 }).map((parts) => parts.join(''))
    const comment = fc.constantFrom('', 'anna', 'anna at  work', '世界 🔑')
    const text = fc
      .tuple(lines, space, space, comment, lines)
      .map(([before, one, two, words, after]) =>
        [before, 'ssh-ed25519 ', one, ED25519, words === '' ? '' : ` ${two}${words}`, after].join(''),
      )
    fc.assert(
      fc.property(text, (sent) => {
        writeFileSync(file, sent)
        expect(readPublicKey(sent)).toEqual({ key: KEY, type: 'ssh-ed25519', ...FINGERPRINTS })
        expect(fingerprintOf(file, 'sha256')).toBe(FINGERPRINTS.fingerprintSha256)
      }),
      { numRuns: 30 },
    )
  })

  // ssh-keygen makes these only with a token plugged in, but reads and shows them.
  it.each([
    ['sk-ssh-ed25519@openssh.com', [Buffer.alloc(32, 9), 'ssh:']],
    ['sk-ecdsa-sha2-nistp256@openssh.com', ['nistp256', P256_POINT, 'ssh:work']],
  ])('%s', (type, parts) => {
    const file = join(folder, `${type}.pub`)
    const key = `${type} ${blob(type, ...parts)}`
    writeFileSync(file, `${key} token\n`)
    expect(readPublicKey(`${key} token\n`)).toEqual({
      key,
      type,
      fingerprint: fingerprintOf(file, 'md5')?.replace('MD5:', ''),
      fingerprintSha256: fingerprintOf(file, 'sha256'),
    })
  })

  it('a certificate is refused', () => {
    for (const name of ['ca', 'user']) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)])
    }
    execFileSync('ssh-keygen', ['-q', '-s', join(folder, 'ca'), '-I', 'anna', '-n', 'anna', join(folder, 'user.pub')])
    expect(problemOf(readFileSync(join(folder, 'user-cert.pub'), 'utf8'))).toEqual(NOT_TAKEN)
  })
})
