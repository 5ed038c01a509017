// JSON of platforms: small answers are read at once, large ones by a thread of their own.

import { Worker } from 'node:worker_threads'
import { type TSchema, Type } from 'typebox'
import { coded } from './faults.ts'
import { type JsonBounds, type Pick, readJson } from './json-reader.js'

export type { JsonBounds } from './json-reader.js'

export interface JsonReader {
  /** As `readJson` of json-reader.js. Large `bytes` are gone afterwards. */
  read(bytes: Buffer, bounds: JsonBounds, pick?: Pick): Promise<unknown>
  close(): Promise<void>
}

/** Bytes from which on another thread reads; below, that costs more than it saves: 128 kB are read in a millisecond. */
const LARGE = 128 * 1024
/** What the thread may take; an answer of 8 MB and 200,000 values needs a third. */
const MAX_THREAD_MB = 192

interface Asked {
  resolve(value: unknown): void
  reject(error: Error): void
}

export function createJsonReader(): JsonReader {
  let worker: Worker | undefined
  const waiting = new Map<number, Asked>()
  let lastId = 0

  function start(): Worker {
    const started = new Worker(new URL('./json-worker.js', import.meta.url), {
      name: 'json-reader',
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MAX_THREAD_MB },
    })
    started.on('message', ({ id, value, code }: { id: number; value?: unknown; code?: string }) => {
      const asked = waiting.get(id)
      waiting.delete(id)
      if (waiting.size === 0) started.unref()
      if (code === undefined) asked?.resolve(value)
      else asked?.reject(coded(code))
    })
    // It has run out of memory: what it was reading was too much, and what came after it has to be asked again.
    started.on('error', () => undefined)
    started.on('exit', () => {
      if (worker === started) worker = undefined
      for (const { reject } of waiting.values()) reject(coded('TOO_MANY'))
      waiting.clear()
    })
    return started
  }

  return {
    async read(bytes, bounds, pick) {
      if (bytes.length <= LARGE) return readJson(new TextDecoder().decode(bytes), bounds, pick)
      worker ??= start()
      const id = ++lastId
      const answer = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }))
      worker.ref()
      worker.postMessage(
        { id, bytes, bounds, pick },
        bytes.buffer.byteLength === bytes.length ? [bytes.buffer as ArrayBuffer] : [],
      )
      return answer
    },
    async close() {
      await worker?.terminate()
    },
  }
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
  return Type.IsObject(shape) && Object.values(shape.properties).some((member) => Type.IsArray(member))
}
