// Parses platforms' JSON: small answers in the main thread, large ones in a worker thread.

import { isAscii } from 'node:buffer'
import { Worker } from 'node:worker_threads'
import { type TSchema, Type } from 'typebox'
import { coded } from '../faults.ts'
import type { BodyLease } from '../guard.ts'
import { type JsonBounds, type Pick, readJson } from './json-reader.js'

export type { JsonBounds } from './json-reader.js'

export interface JsonReader {
  /**
   * Like `readJson` of json-reader.js. Large `bytes` are empty afterwards. Rejects with the reason of the lease's
   * signal.
   */
  read(bytes: Buffer, bounds: JsonBounds, lease: BodyLease, pick?: Pick): Promise<unknown>
  close(): Promise<void>
}

/**
 * Larger bodies go to the worker thread. Smaller ones would gain nothing: 256 kB are parsed in a millisecond, and to
 * hand them over and wait for the thread takes as long. Twenty repositories of GitHub have 130 kB.
 */
const MAX_HERE_BYTES = 256 * 1024
/** The worker thread's memory limit; an answer of 8 MB and 200,000 values needs a third of it. */
const MAX_THREAD_MB = 192

interface Asked {
  bytes: Buffer
  bounds: JsonBounds
  pick: Pick | undefined
  lease: BodyLease
  resolve(value: unknown): void
  reject(error: unknown): void
}

/**
 * The thread parses one answer at a time. Waiting answers can still be cancelled, and survive when it runs out of
 * memory.
 */
export function createJsonReader(): JsonReader {
  let worker: Worker | undefined
  let isClosed = false
  /** What the thread is parsing now. */
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
        // The thread ran out of memory, so the answer it was parsing has too many values.
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
      if (bytes.length <= MAX_HERE_BYTES) return readJson(textOf(bytes), bounds, pick)
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

/** Most answers are ASCII, which is read as Latin-1 in a sixth of the time. */
function textOf(bytes: Buffer): string {
  return isAscii(bytes) ? bytes.toString('latin1') : new TextDecoder().decode(bytes)
}

/** Bytes that have a buffer of their own are transferred to the thread, not copied. */
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
  worker.on('error', () => undefined) // the exit event reports it
  worker.on('exit', onExit)
  return worker
}

/** The part of a value that `shape` reads. */
export function pickOf(shape: TSchema): Pick {
  const one = Type.IsUnion(shape) ? shape.anyOf.find((each) => Type.IsObject(each) || Type.IsArray(each)) : shape
  if (one && Type.IsArray(one)) return { items: pickOf(one.items) }
  if (!one || !Type.IsObject(one)) return true
  return { members: Object.fromEntries(Object.entries(one.properties).map(([name, member]) => [name, pickOf(member)])) }
}

/** Whether the shape is a list, or an object with a list in it, as GitHub's searches are: only lists may be large. */
export function isList(shape: TSchema): boolean {
  if (Type.IsArray(shape)) return true
  return (
    Type.IsObject(shape) &&
    Object.values(shape.properties).some((member) => Type.IsArray(member) && !Type.IsString(member.items))
  )
}
