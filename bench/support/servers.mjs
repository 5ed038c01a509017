// Calls that a server answers by itself: alone for their latency, and many at once for the throughput.

import { duel } from './duel.mjs'
import { startPart } from './part.mjs'
import { CROWD } from './stage.mjs'

/** `servers`: by name, `{ origin, path, method, headers }`. Gives what `duel` gives, for `alone` and for `busy`. */
export async function measureServers({ load, measures }, servers) {
  const { rounds, aloneCalls, busyMs } = measures
  const bursts = Object.fromEntries(Object.entries(servers).map(([name, call]) => [name, burstOf(call)]))
  return {
    alone: await duel(load, bursts, { rounds, concurrency: 1, amount: aloneCalls }),
    busy: await duel(load, bursts, { rounds, concurrency: CROWD, ms: busyMs }),
  }
}

function burstOf(call) {
  return { by: 'bytes', calls: [{ method: 'GET', ...call }] }
}

/** The limit for a call: `query` run with the raw driver on the same store, and the answer that the service gave. */
export async function startBare(store, query, body) {
  const part = await startPart('contestants/bare.mjs', { store, query, body })
  return { call: { origin: part.facts.url, path: '/' }, stop: () => part.stop() }
}
