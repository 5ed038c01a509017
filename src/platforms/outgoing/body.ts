// Reads the body of an answer, counting bytes on the wire and decoded, so that neither a flood nor a bomb fills memory.

import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGunzip } from 'node:zlib'
import { coded } from './faults.ts'

export interface BodyBounds {
  /** Most bytes, on the wire and decoded. */
  body: number
  ratio: number
  ratioFrom: number
}

/**
 * The body's bytes, decompressed. Throws errors with the codes `TOO_LARGE`, `BOMB`, `ENCODING`, zlib's `Z_…` and the network's;
 * the stream is then destroyed.
 */
export async function readBody(stream: Readable, headers: Record<string, string>, bounds: BodyBounds): Promise<Buffer> {
  const encoding = (headers['content-encoding'] ?? '').trim().toLowerCase()
  try {
    if (Number(headers['content-length'] ?? 0) > bounds.body) throw coded('TOO_LARGE')
    if (encoding === '' || encoding === 'identity') return await collect(stream, bounds)
    if (encoding !== 'gzip' && encoding !== 'x-gzip') throw coded('ENCODING')
    return await collectGunzipped(stream, bounds)
  } catch (error) {
    stream.on('error', () => {}) // it is the error we are throwing
    stream.destroy()
    throw error
  }
}

async function collect(stream: Readable, bounds: BodyBounds): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bounds.body) throw coded('TOO_LARGE')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function collectGunzipped(stream: Readable, bounds: BodyBounds): Promise<Buffer> {
  const chunks: Buffer[] = []
  let wire = 0
  let decoded = 0
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      wire += chunk.length
      next(wire > bounds.body ? coded('TOO_LARGE') : null, chunk)
    },
  })
  const gunzip = createGunzip({ chunkSize: 16 * 1024, finishFlush: constants.Z_FINISH })
  await pipeline(stream, meter, gunzip, async (output: AsyncIterable<Buffer>) => {
    for await (const chunk of output) {
      decoded += chunk.length
      if (decoded > bounds.body) throw coded('TOO_LARGE')
      if (decoded > bounds.ratioFrom && decoded > wire * bounds.ratio) throw coded('BOMB')
      chunks.push(chunk)
    }
  })
  return Buffer.concat(chunks)
}

/** Invalid UTF-8 becomes U+FFFD, a byte order mark goes. */
export function decodeText(bytes: Buffer): string {
  return new TextDecoder().decode(bytes)
}
