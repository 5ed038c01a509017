// JSON of platforms: small answers are read at once, large ones by a thread of their own.

import { Worker } from 'node:worker_threads'
import { type TSchema, Type } from 'typebox'
import { coded } from '../faults.ts'
import type { BodyLease } from '../guard.ts'
import { type JsonBounds, type Pick, readJson } from './json-reader.js'

export type { JsonBounds } from './json-reader.js'

export interface JsonReader {
  /** As `readJson` of json-reader.js. Large `bytes` are gone afterwards. Throws what the lease's signal is given. */
  read(bytes: Buffer, bounds: JsonBounds, lease: BodyLease, pick?: Pick): Promise<unknown>
  close(): Promise<void>
}

/** What is larger is read by the thread; below, that costs more than it saves: 128 kB are read in a millisecond. */
const MAX_HERE_BYTES = 128 * 1024
/** What the thread may take; an answer of 8 MB and 200,000 values needs a third. */
const MAX_THREAD_MB = 192

interface Asked {
  bytes: Buffer
  bounds: JsonBounds
  pick: Pick | undefined
  lease: BodyLease
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** The thread reads one answer after the other: what waits for it may still give way, and dies of no other's size. */
export function createJsonReader(): JsonReader {
  let worker: Worker | undefined
  let isClosed = false
  /** What the thread is at. */
  let current: Asked | undefined
  const waiting = new Set<Asked>()

  function settle(end: (asked: Asked) => void): void {
    if (current) end(current)
    current = undefined
    next()
  }

  function start(): Worker {
    return startThread({
      onResult: ({ value, code }) =>
        settle(({ resolve, reject }) => (code === undefined ? resolve(value) : reject(coded(code)))),
      onExit() {
        worker = undefined
        // It has run out of memory: what it was reading was too much.
        settle(({ reject }) => reject(coded('TOO_MANY')))
      },
    })
  }

  function next(): void {
    if (current) return
    const [asked] = waiting
    if (!asked || isClosed) {
      worker?.unref()
      for (const { reject } of waiting) reject(coded('DEADLINE'))
      waiting.clear()
      return
    }
    waiting.delete(asked)
    current = asked
    asked.lease.keep()
    worker ??= start()
    worker.ref()
    hand(asked, worker)
  }

  return {
    async read(bytes, bounds, lease, pick) {
      lease.signal.throwIfAborted()
      if (bytes.length <= MAX_HERE_BYTES) return readJson(new TextDecoder().decode(bytes), bounds, pick)
      return new Promise((resolve, reject) => {
        const asked: Asked = { bytes, bounds, pick, lease, resolve, reject }
        waiting.add(asked)
        lease.signal.addEventListener('abort', () => waiting.delete(asked) && reject(lease.signal.reason))
        next()
      })
    },
    async close() {
      isClosed = true
      await worker?.terminate()
      next()
    },
  }
}

/** Bytes that are a buffer of their own are moved, not copied. */
function hand({ bytes, bounds, pick }: Asked, worker: Worker): void {
  const whole = bytes.buffer.byteLength === bytes.length
  worker.postMessage({ bytes, bounds, pick }, whole ? [bytes.buffer as ArrayBuffer] : [])
}

interface ThreadEvents {
  onResult(result: { value?: unknown; code?: string }): void
  onExit(): void
}

function startThread({ onResult, onExit }: ThreadEvents): Worker {
  const worker = new Worker(new URL('./json-worker.js', import.meta.url), {
    name: 'json-reader',
    env: {},
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MAX_THREAD_MB },
  })
  worker.on('message', onResult)
  worker.on('error', () => undefined) // its exit tells
  worker.on('exit', onExit)
  return worker
}

/** What `shape` reads of a value. */
export function pickOf(shape: TSchema): Pick {
  const one = Type.IsUnion(shape) ? shape.anyOf.find((each) => Type.IsObject(each) || Type.IsArray(each)) : shape
  if (one && Type.IsArray(one)) return { items: pickOf(one.items) }
  if (!one || !Type.IsObject(one)) return true
  return { members: Object.fromEntries(Object.entries(one.properties).map(([name, member]) => [name, pickOf(member)])) }
}

/** Whether what is asked for is a list, or has one among its members as GitHub's searches do: only those are large. */
export function isList(shape: TSchema): boolean {
  if (Type.IsArray(shape)) return true
  return (
    Type.IsObject(shape) &&
    Object.values(shape.properties).some((member) => Type.IsArray(member) && !Type.IsString(member.items))
  )
}
