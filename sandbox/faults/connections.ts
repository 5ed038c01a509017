// Faults of the connection and its bytes: silence, slow bytes, resets, bad and huge compression.

import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { gzipSync } from 'node:zlib'
import type { Reply } from '../http.ts'
import type { Exchange, Fault } from './exchange.ts'

export const connectionFaults = {
  'connection-closed': ({ request }) => {
    request.socket.destroy()
  },
  'connection-reset': ({ request }) => {
    request.socket.resetAndDestroy()
  },
  /** The call has its effect, but its answer never arrives: a refresh token is used up all the same. */
  'answer-lost': ({ request, usual }) => {
    usual()
    request.socket.destroy()
  },
  /** No answer until the caller gives up or the sandbox closes. */
  'headers-never': () => {},
  'headers-late': (exchange) =>
    later(exchange, Number(exchange.rule.value ?? 2), () => exchange.send(exchange.usual())),
  /** A header that never ends: one byte every `value` seconds (default 1). */
  'headers-drip': (exchange) => {
    exchange.request.socket.write('HTTP/1.1 200 OK\r\nX-Drip: ')
    dripHeader(exchange)
  },
  'body-stalls': (exchange) => {
    const body = begin(exchange)
    exchange.response.write(body.subarray(0, Math.ceil(body.length / 2)))
  },
  /** One byte every `value` seconds (default 1). */
  'body-drips': (exchange) => {
    const body = begin(exchange)
    drip(exchange, body, 0)
  },
  'body-reset': (exchange) => {
    const body = begin(exchange)
    exchange.response.write(body.subarray(0, Math.ceil(body.length / 2)), () => {
      setImmediate(() => exchange.request.socket.resetAndDestroy())
    })
  },
  /** The connection ends properly, but before the promised length. */
  'body-short': (exchange) => {
    const body = begin(exchange)
    exchange.response.write(body.subarray(0, Math.ceil(body.length / 2)), () => exchange.request.socket.end())
  },
  'gzip-corrupt': (exchange) => {
    const packed = gzipSync(bytes(exchange.usual()))
    packed.fill(0x55, 10, Math.min(packed.length, 40))
    sendPacked(exchange, packed, 'gzip')
  },
  'gzip-cut': (exchange) => {
    const packed = gzipSync(bytes(exchange.usual()))
    sendPacked(exchange, packed.subarray(0, packed.length - 12), 'gzip')
  },
  'gzip-twice': (exchange) => {
    sendPacked(exchange, gzipSync(gzipSync(bytes(exchange.usual()))), 'gzip, gzip')
  },
  /** `value` MiB of blanks (default 1024), compressed about a thousand times. */
  'gzip-bomb': (exchange) => {
    exchange.response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
    // Compressed only once, so that the caller need not wait for it.
    const packed = gzipSync(block, { level: 9 })
    const blanks = repeat(Number(exchange.rule.value ?? 1024), (part) => (part.length === 1 ? gzipSync(part) : packed))
    // The caller is expected to cut the connection.
    pipeline(Readable.from(blanks), exchange.response).catch(() => {})
  },
  'endless-body': (exchange) => {
    exchange.response.writeHead(200, { 'content-type': 'application/json' })
    pipeline(Readable.from(repeat(Number.POSITIVE_INFINITY, (part) => part)), exchange.response).catch(() => {})
  },
} satisfies Record<string, Fault>

function bytes(reply: Reply): Buffer {
  return Buffer.from(reply.body)
}

/** Sends the usual headers with the full length; the fault decides what follows. */
function begin({ response, usual }: Exchange): Buffer {
  const reply = usual()
  const body = bytes(reply)
  response.writeHead(reply.status, { ...reply.headers, 'content-length': String(body.length) })
  return body
}

function drip(exchange: Exchange, body: Buffer, at: number): void {
  if (at >= body.length) {
    exchange.response.end()
    return
  }
  exchange.response.write(body.subarray(at, at + 1))
  later(exchange, Number(exchange.rule.value ?? 1), () => drip(exchange, body, at + 1))
}

function dripHeader(exchange: Exchange): void {
  exchange.request.socket.write('x')
  later(exchange, Number(exchange.rule.value ?? 1), () => dripHeader(exchange))
}

/** Cancelled when the caller disconnects first. */
function later({ response }: Exchange, seconds: number, action: () => void): void {
  const forget = () => clearTimeout(timer)
  const timer = setTimeout(() => {
    response.off('close', forget)
    action()
  }, seconds * 1000)
  response.once('close', forget)
}

function sendPacked({ response }: Exchange, packed: Buffer, encoding: string): void {
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-encoding': encoding,
    'content-length': String(packed.length),
  })
  response.end(packed)
}

const block = Buffer.alloc(1024 * 1024, ' ')
/** The beginning of a list, then blanks. Several gzip parts in a row are one valid gzip stream. */
function* repeat(mebibytes: number, send: (part: Buffer) => Buffer): Generator<Buffer> {
  yield send(Buffer.from('['))
  for (let sent = 0; sent < mebibytes; sent++) yield send(block)
}
