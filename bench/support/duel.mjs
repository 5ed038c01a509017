// Contestants in turn, round by round, so that whatever else the machine does hits all of them alike.

import { median } from './numbers.mjs'

/**
 * `contestants`: by name, each a burst for `load.mjs`, or a function that makes the burst of a round. Gives the medians
 * of the rounds by name. Before the first round each has a burst that is not counted.
 */
export async function duel(load, contestants, { rounds, ...manner }) {
  const names = Object.keys(contestants)
  const results = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    // Another begins each time: the first of a round may find the processor cooler, or its cache colder.
    for (const name of rotated(names, round)) {
      const contestant = contestants[name]
      const burst = typeof contestant === 'function' ? await contestant(manner) : contestant
      const result = await load.ask({ ...manner, ...burst })
      if (round > 0) results[name].push(result)
    }
  }
  return Object.fromEntries(names.map((name) => [name, mediansOf(results[name])]))
}

function rotated(names, by) {
  return names.map((_, index) => names[(index + by) % names.length])
}

function mediansOf(rounds) {
  const of = (figure) => median(rounds.map((round) => round[figure]))
  return { perSecond: of('perSecond'), medianMs: of('medianMs'), p99Ms: of('p99Ms') }
}
