// @ts-check
// The worker thread that parses large answers, so that the main thread can go on serving requests.

import { parentPort } from 'node:worker_threads'
import { readJson } from './json-reader.js'

const port = parentPort
if (!port) throw new Error('json-worker.js runs as a thread only')

port.on(
  'message',
  (
    /** @type {{ bytes: Uint8Array, bounds: import('./json-reader.js').JsonBounds, pick: import('./json-reader.js').Pick }} */ asked,
  ) => {
    const { bytes, bounds, pick } = asked
    try {
      port.postMessage({ value: readJson(new TextDecoder().decode(bytes), bounds, pick) })
    } catch (error) {
      port.postMessage({ code: error instanceof Error && 'code' in error ? error.code : 'UNKNOWN' })
    }
  },
)
