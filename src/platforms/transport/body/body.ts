// Reads an answer's body and counts its bytes, received and decompressed, so that no answer can fill the memory.

import { Readable, Transform, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, gunzipSync } from 'node:zlib'
import { coded, codeOf } from '../faults.ts'
import type { BodyLease } from '../guard.ts'

export interface BodyBounds {
  /** Maximum bytes, both as received and decompressed. */
  body: number
  /** Maximum decompressed bytes per received byte, checked once `ratioFrom` bytes are decompressed. */
  ratio: number
  ratioFrom: number
  /** Whether a body longer than `body` is cut there instead of being an error. */
  cut?: boolean
}

/**
 * The body's bytes, decompressed. Throws errors with the codes `TOO_LARGE`, `BOMB` (a decompression bomb), `ENCODING`,
 * zlib's `Z_…` and those of the network; the stream is then destroyed.
 */
export async function readBody(
  stream: Readable,
  headers: Record<string, string>,
  bounds: BodyBounds,
  lease: BodyLease,
): Promise<Buffer> {
  const encoding = (headers['content-encoding'] ?? '').trim().toLowerCase()
  const gzipped = encoding === 'gzip' || encoding === 'x-gzip'
  const announced = Number(headers['content-length'] ?? 0)
  if (announced > bounds.body && !bounds.cut) throw discarding(stream, 'TOO_LARGE')
  if (!gzipped && encoding !== '' && encoding !== 'identity') throw discarding(stream, 'ENCODING')

  if (bounds.cut) return readStream(stream, gzipped, bounds, lease)
  if (!gzipped) return collect(stream, bounds, lease)
  if (announced === 0 || announced > SMALL_BYTES) return readStream(stream, gzipped, bounds, lease)
  return decodeSmall(await collect(stream, bounds, lease), bounds, lease)
}

/** To unpack so few bytes as a stream would cost more than to unpack them. */
const SMALL_BYTES = 64 * 1024
/** What a small body may decode to without a stream, so that it holds up nobody else. */
const SMALL_DECODED_BYTES = 512 * 1024
const MIN_GZIP_BYTES = 18
/** zlib takes no smaller one. */
const MIN_CHUNK_BYTES = 64

async function collect(stream: Readable, bounds: BodyBounds, lease: BodyLease): Promise<Buffer> {
  const { signal } = lease
  const chunks: Buffer[] = []
  let received = 0
  const end = () => stream.destroy(signal.reason)
  signal.addEventListener('abort', end, { once: true })
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      received += chunk.length
      if (received > bounds.body) throw coded('TOO_LARGE')
      chunks.push(chunk)
      lease.take(received)
    }
  } finally {
    signal.removeEventListener('abort', end)
  }
  return Buffer.concat(chunks)
}

async function decodeSmall(bytes: Buffer, bounds: BodyBounds, lease: BodyLease): Promise<Buffer> {
  const maxDecoded = Math.min(bounds.body, Math.max(bounds.ratioFrom, bytes.length * bounds.ratio), SMALL_DECODED_BYTES)
  try {
    // With room for all of it, it is decoded in one step. The last bytes tell the length (RFC 1952, 2.3.1); zlib rejects
    // a wrong one.
    const told = bytes.length < MIN_GZIP_BYTES ? 0 : bytes.readUInt32LE(bytes.length - 4)
    const chunkSize = Math.min(maxDecoded, Math.max(MIN_CHUNK_BYTES, told + 1))
    const decoded = gunzipSync(bytes, { maxOutputLength: maxDecoded, chunkSize })
    lease.take(decoded.length)
    return decoded
  } catch (error) {
    lease.signal.throwIfAborted()
    if (codeOf(error) !== 'ERR_BUFFER_TOO_LARGE') throw error
    return readStream(Readable.from([bytes]), true, bounds, lease)
  }
}

async function readStream(stream: Readable, gzipped: boolean, bounds: BodyBounds, lease: BodyLease): Promise<Buffer> {
  const chunks: Buffer[] = []
  let received = 0
  let decoded = 0
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      received += chunk.length
      if (received > bounds.body) next(coded('TOO_LARGE'))
      else next(null, chunk)
    },
  })
  const sink = new Writable({
    write(chunk: Buffer, _encoding, next) {
      decoded += chunk.length
      if (decoded > bounds.ratioFrom && decoded > received * bounds.ratio) return next(coded('BOMB'))
      if (decoded > bounds.body) return next(coded('TOO_LARGE'))
      chunks.push(chunk)
      try {
        lease.take(decoded)
        next()
      } catch (error) {
        next(error as Error)
      }
    },
  })
  const { signal } = lease
  try {
    await (gzipped
      ? pipeline(stream, meter, createGunzip(), sink, { signal })
      : pipeline(stream, meter, sink, { signal }))
  } catch (error) {
    signal.throwIfAborted()
    if (!bounds.cut || codeOf(error) !== 'TOO_LARGE') throw error
  }
  return Buffer.concat(chunks)
}

function discarding(stream: Readable, code: string): Error {
  stream.on('error', () => {}) // nobody reads the stream any more
  stream.destroy()
  return coded(code)
}
