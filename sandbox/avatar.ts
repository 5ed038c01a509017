// Makes a small PNG picture for each account: five by five squares in the account's own colour.

import { createHash } from 'node:crypto'
import { crc32, deflateSync } from 'node:zlib'
import type { Reply } from './http.ts'

const squares = 5
const side = 16

export function avatarReply(seed: string): Reply {
  return { status: 200, headers: { 'content-type': 'image/png', 'cache-control': 'max-age=3600' }, body: png(seed) }
}

function png(seed: string): Buffer {
  const hash = createHash('sha256').update(seed).digest()
  const size = squares * side
  const rows = Array.from({ length: size }, (_, y) => row(hash, Math.floor(y / side)))
  const head = Buffer.alloc(13)
  head.writeUInt32BE(size, 0)
  head.writeUInt32BE(size, 4)
  // 8 bits per sample, three samples per pixel.
  head.set([8, 2, 0, 0, 0], 8)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const pixels = deflateSync(Buffer.concat(rows))
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))])
}

/** Mirrored, so that it looks like a face. */
function row(hash: Buffer, y: number): Buffer {
  const line = Buffer.alloc(1 + squares * side * 3, 0xf0)
  line[0] = 0
  for (let x = 0; x < squares * side; x++) {
    const column = Math.min(Math.floor(x / side), squares - 1 - Math.floor(x / side))
    if (((hash[y * 3 + column] ?? 0) & 1) === 0) continue
    line.set([hash[29] ?? 0, hash[30] ?? 0, hash[31] ?? 0], 1 + x * 3)
  }
  return line
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const out = Buffer.alloc(body.length + 8)
  out.writeUInt32BE(data.length, 0)
  body.copy(out, 4)
  out.writeUInt32BE(crc32(body), body.length + 4)
  return out
}
