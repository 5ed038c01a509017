// `npm run bench`: what Forgelink costs, side by side with what one would use instead, in one run.
// `--quick` shows that all works, `--json` prints JSON, `--only NAME` and `--engine NAME` pick, `--million` adds a store
// of a million links.

import { cpus, totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { prepare } from '../scripts/prepare.mjs'

const MIB = 1024 * 1024

prepare()
const { CONTESTS } = await import('./contests.mjs')
const { MEASURES } = await import('./support/measures.mjs')
const { startPart } = await import('./support/part.mjs')
const { tableOf } = await import('./support/rows.mjs')
const { CROWD, openStage } = await import('./support/stage.mjs')
const { openEngines } = await import('./support/stores.mjs')

/** More than one page of a hundred, and as many as an account may have here. */
const KEYS = 1_000
const ENGINES = ['sqlite', 'postgres']

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    million: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    engine: { type: 'string', multiple: true, default: ENGINES },
  },
})

const contests = picked(CONTESTS, options.only, 'contest')
const engineNames = picked(
  ENGINES.map((name) => ({ name })),
  options.engine,
  'engine',
).map(({ name }) => name)
const measures = options.quick ? MEASURES.quick : MEASURES.full
const closers = []
try {
  const rows = await runAll()
  const machine = machineFacts()
  const told = { machine, quick: options.quick, measures, rows }
  process.stdout.write(
    options.json ? `${JSON.stringify(told, null, 2)}\n` : `${machineLine(machine)}\n\n${tableOf(rows)}\n`,
  )
} finally {
  for (const close of closers.reverse()) await close()
}

async function runAll() {
  const load = await startPart('support/load.mjs')
  closers.push(() => load.stop())
  const sandbox = await startPart('contestants/sandbox.mjs', { accounts: CROWD, keys: KEYS })
  closers.push(() => sandbox.stop())
  const engines = await openEngines(engineNames)
  for (const engine of engines) closers.push(() => engine.close())

  const rows = []
  for (const engine of engines) {
    const stage = await openStage(engine, { sandbox, load, measures })
    closers.push(() => stage.close())
    for (const contest of contests) {
      if (contest.engines && !contest.engines.includes(engine.name)) continue
      process.stderr.write(`${contest.name} on ${engine.name}…\n`)
      rows.push(...(await contest.run(stage, { engine, million: options.million })))
    }
  }
  return rows
}

function picked(all, names, noun) {
  const known = all.map(({ name }) => name)
  const unknown = names?.find((name) => !known.includes(name))
  if (unknown) {
    process.stderr.write(`there is no ${noun} "${unknown}"; there are ${known.join(', ')}\n`)
    process.exit(2)
  }
  return names ? all.filter(({ name }) => names.includes(name)) : all
}

function machineFacts() {
  const [{ model }] = cpus()
  return { cores: cpus().length, model, memoryMib: Math.round(totalmem() / MIB), node: process.version }
}

function machineLine({ cores, model, memoryMib, node }) {
  return `${cores} cores (${model}), ${memoryMib} MiB, Node ${node}; medians of ${measures.rounds} rounds`
}
