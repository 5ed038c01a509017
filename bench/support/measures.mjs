// How much is measured: `full` gives figures to print, `quick` only shows that each contest works.

export const MEASURES = {
  full: {
    rounds: 7,
    warmCalls: 2_000,
    aloneCalls: 100,
    busyMs: 1_000,
    busyCalls: 192,
    slowCalls: 10,
    starts: 7,
    settleMs: 3_000,
    loadMs: 10_000,
  },
  quick: {
    rounds: 1,
    warmCalls: 64,
    aloneCalls: 10,
    busyMs: 100,
    busyCalls: 64,
    slowCalls: 3,
    starts: 1,
    settleMs: 200,
    loadMs: 500,
  },
}
