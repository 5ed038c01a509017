// Makes the load, in a process of its own: bursts of calls, so many at once, by undici or by a vendor's client.

import { openCallers } from './callers.mjs'
import { median, percentile } from './numbers.mjs'
import { servePart } from './part.mjs'

await servePart(async () => {
  const callers = openCallers()
  return { facts: {}, answer: (burst) => callInTurn(callers, burst) }
})

/**
 * `calls` are made in turn, over and over, by `concurrency` loops: `amount` of them, or for `ms` milliseconds. What
 * fails, or is answered with anything but success, ends the bench.
 */
async function callInTurn(callers, { by, calls, concurrency, amount = Number.POSITIVE_INFINITY, ms }) {
  const call = callers[by]
  const times = []
  const started = performance.now()
  const ends = ms === undefined ? Number.POSITIVE_INFINITY : started + ms
  let next = 0
  async function loop() {
    while (next < amount && performance.now() < ends) {
      const wanted = calls[next++ % calls.length]
      const begun = performance.now()
      await call(wanted)
      times.push(performance.now() - begun)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, loop))
  const seconds = (performance.now() - started) / 1_000
  return { perSecond: times.length / seconds, medianMs: median(times), p99Ms: percentile(times, 0.99) }
}
