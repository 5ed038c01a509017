import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { createLeases } from '../guards/body-budget.ts'
import { readBody } from './body.ts'

const BOUNDS = { body: 1000, ratio: 10, ratioFrom: 200 }
const EMPTY_MEMBER = gzipSync('') // 20 bytes that decode to none

async function read(
  chunks: Buffer[],
  headers: Record<string, string> = { 'content-encoding': 'gzip' },
): Promise<string> {
  return new TextDecoder().decode(await readBody(Readable.from(chunks), headers, BOUNDS, createLeases(10_000)()))
}

function lengthOf(chunks: Buffer[]): Record<string, string> {
  return { 'content-length': String(Buffer.concat(chunks).length) }
}

test.each<[string, Buffer[], string]>([
  ['gzip', [gzipSync('abc')], 'abc'],
  ['gzip in single bytes', [...gzipSync('abc')].map((byte) => Buffer.from([byte])), 'abc'],
  [
    'a character over two pieces',
    [gzipSync(Buffer.from('ä').subarray(0, 1)), gzipSync(Buffer.from('ä').subarray(1))],
    'ä',
  ],
  ['invalid UTF-8', [gzipSync(Buffer.from([0x61, 0xff]))], 'a\ufffd'],
  ['much repetition below the measure', [gzipSync('a'.repeat(200))], 'a'.repeat(200)],
])('%s is read, whether or not its length is announced', async (_name, chunks, text) => {
  expect(await read(chunks)).toBe(text)
  expect(await read(chunks, { 'content-encoding': 'gzip', ...lengthOf(chunks) })).toBe(text)
})

test('a small body is read that decodes to more than what is decoded at once', async () => {
  const text = 'abcdefghij'.repeat(100_000)
  const bytes = gzipSync(text)
  const bounds = { body: 2_000_000, ratio: 1_000, ratioFrom: 200 }
  const headers = { 'content-encoding': 'gzip', ...lengthOf([bytes]) }
  const read = await readBody(Readable.from([bytes]), headers, bounds, createLeases(10_000_000)())
  expect(read.toString()).toBe(text)
})

test('a small body that has to go for another ends with the reason', async () => {
  const openLease = createLeases(1_000)
  const lease = openLease()
  const body = new Readable({ read() {} })
  const reading = readBody(body, { 'content-length': '900' }, BOUNDS, lease)
  body.push(Buffer.alloc(800))
  await new Promise((done) => setImmediate(done))
  openLease().take(700)
  await expect(reading).rejects.toMatchObject({ code: 'overloaded' })
  expect(body.destroyed).toBe(true)
})

test.each<[string, Buffer[], Record<string, string>, string]>([
  [
    'more than allowed that decodes to nothing',
    Array.from({ length: 60 }, () => EMPTY_MEMBER),
    { 'content-encoding': 'gzip' },
    'TOO_LARGE',
  ],
  ['more than allowed, plain', [Buffer.alloc(600), Buffer.alloc(600)], {}, 'TOO_LARGE'],
  ['a bomb', [gzipSync('a'.repeat(900))], { 'content-encoding': 'gzip' }, 'BOMB'],
  ['no gzip at all', [Buffer.from('abc')], { 'content-encoding': 'gzip' }, 'Z_DATA_ERROR'],
  ['a cut gzip', [gzipSync('abc').subarray(0, 15)], { 'content-encoding': 'gzip' }, 'Z_BUF_ERROR'],
  ['deflate', [Buffer.from('abc')], { 'content-encoding': 'deflate' }, 'ENCODING'],
  ['more than was announced', [Buffer.alloc(600), Buffer.alloc(600)], { 'content-length': '5' }, 'TOO_LARGE'],
  [
    'a bomb of a known length',
    [gzipSync('a'.repeat(900))],
    { 'content-encoding': 'gzip', 'content-length': '30' },
    'BOMB',
  ],
  [
    'no gzip of a known length',
    [Buffer.from('abc')],
    { 'content-encoding': 'gzip', 'content-length': '3' },
    'Z_DATA_ERROR',
  ],
  ['gzip twice', [gzipSync(gzipSync('abc'))], { 'content-encoding': 'gzip, gzip' }, 'ENCODING'],
])('%s is not', async (_name, chunks, headers, code) => {
  await expect(read(chunks, headers)).rejects.toMatchObject({ code })
})

test('nothing is read of what is announced too large', async () => {
  const stream = Readable.from([Buffer.from('abc')])
  const lease = createLeases(10_000)()
  await expect(readBody(stream, { 'content-length': '1001' }, BOUNDS, lease)).rejects.toMatchObject({
    code: 'TOO_LARGE',
  })
  expect([stream.destroyed, stream.readableDidRead]).toEqual([true, false])
})
