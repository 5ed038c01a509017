// The calls that ask a platform, through us and made directly: asked for the first time, and again within a minute.

import { duel } from '../support/duel.mjs'
import { startPart } from '../support/part.mjs'
import { callsTo, readsOf } from '../support/reads.mjs'
import { compared } from '../support/rows.mjs'
import { CROWD, LINKS } from '../support/stage.mjs'

/** Of every answer of the platform. */
const LATENCIES_MS = [0, 80]
const PLATFORMS = ['github-enterprise', 'gitlab-self-hosted']

/** Shows what any service in between costs. */
const RELAY = 'a bare relay'

const BUSY = `${CROWD} at once`

/** How figures are held against each other, where `TARGETS` says nothing else. */
const USUAL = {
  'alone, first': 'added',
  'alone, again': 'quicker',
  [`${BUSY}, first`]: 'throughput',
  [`${BUSY}, again`]: 'throughput',
}

/** The other calls are measured for comparison. */
const HELD_TO_TARGETS = 'search_repos'
const TARGETS = [
  { latencyMs: 0, manner: 'alone, first', against: 'undici', by: 'added', target: { atMost: 0.5 } },
  { latencyMs: 0, manner: `${BUSY}, first`, against: 'undici', by: 'throughput', target: { atLeast: 0.5 } },
  ...['octokit', 'gitbeaker'].flatMap((against) => [
    { latencyMs: 0, manner: 'alone, first', against, by: 'quicker', target: { atLeast: 1 } },
    { latencyMs: 0, manner: `${BUSY}, first`, against, by: 'throughput', target: { atLeast: 1 } },
  ]),
  { latencyMs: 80, manner: 'alone, again', against: 'undici', by: 'quicker', target: { atLeast: 20 } },
]

export const platformReads = ['search_repos', 'orgs', 'search_pull_requests'].map((name) => ({
  name,
  async run(stage) {
    const reads = readsOf(stage.sandbox.facts)
    const read = reads.find((each) => each.name === name)
    const rows = []
    for (const platform of PLATFORMS) {
      const relay = await startPart('contestants/relay.mjs', {
        origin: new URL(stage.platforms[platform].apiUrl).origin,
      })
      const contestantsNow = () => contestantsOf(stage, read, platform, relay.facts.url)
      await checkOneCall(stage, read, platform, contestantsNow())
      for (const latencyMs of LATENCIES_MS) {
        // What the calls before left in memory would answer those that are to be first.
        await stage.restart()
        await warmUp(stage, reads[0], platform)
        await stage.sandbox.ask({ latencyMs })
        rows.push(...(await measure(stage, read, { platform, latencyMs }, contestantsNow())))
        await stage.sandbox.ask({ latencyMs: 0 })
      }
      await relay.stop()
    }
    return rows
  },
}))

/** A service runs for days; one that has just started still interprets what it will later run as machine code. */
async function warmUp(stage, search, platform) {
  const asking = callerOf(stage, search, platform)
  // From the end, since the contest goes from the beginning.
  const calls = Array.from({ length: stage.measures.warmCalls }, (_, n) => {
    return asking(n % CROWD, search.variants - 2 - Math.floor(n / CROWD))
  })
  await stage.load.ask({ by: 'undici', calls, concurrency: CROWD, amount: calls.length })
}

async function measure(stage, read, { platform, latencyMs }, contestants) {
  const { rounds, aloneCalls, slowCalls, busyCalls } = stage.measures
  const others = Object.keys(contestants).filter((name) => !['ours', 'again'].includes(name))
  const bursts = {
    alone: { concurrency: 1, amount: latencyMs === 0 ? aloneCalls : slowCalls },
    [BUSY]: { concurrency: CROWD, amount: busyCalls },
  }
  const rows = []
  for (const [name, burst] of Object.entries(bursts)) {
    const first = await duel(stage.load, contestants, { rounds, ...burst })
    const again = { ...first, ours: first.again }
    const add = (measured, manner, against) => {
      const folder = { contest: read.name, where: `${stage.engine}, ${platform}`, how: `${latencyMs} ms, ${manner}` }
      rows.push(compared(folder, measured, { against, ...comparisonOf(read, latencyMs, manner, against) }))
    }
    for (const against of others) add(first, `${name}, first`, against)
    add(again, `${name}, again`, 'undici')
  }
  return rows
}

function comparisonOf({ name }, latencyMs, manner, against) {
  const targets = name === HELD_TO_TARGETS ? TARGETS : []
  const held = targets.find(
    (each) => each.latencyMs === latencyMs && each.manner === manner && each.against === against,
  )
  return held ?? { by: USUAL[manner] }
}

/** Makes a call of ours of one of the links. */
function callerOf({ service, owners, links }, read, platform) {
  return (link, n) => {
    const [path, parameters] = read.ours(n)
    const query = new URLSearchParams(parameters)
    const { headers } = owners.many
    return { origin: service.url, path: `${LINKS}/${links.many[platform][link]}/${path}?${query}`, headers }
  }
}

/** By name, what makes the burst of a round. `ours` asks something else with every call, `again` always the same. */
function contestantsOf(stage, read, platform, relayUrl) {
  const { tokens } = stage.platforms[platform]
  const oursTo = callerOf(stage, read, platform)
  let asked = 0
  const first = () => {
    const n = asked++
    const variant = Math.floor(n / CROWD)
    if (variant >= read.variants - 1) throw new Error(`${read.name} has no query left that was not asked`)
    return oursTo(n % CROWD, variant)
  }
  const burst = (by, call) => (manner) => ({ by, calls: Array.from({ length: manner.amount }, (_, n) => call(n)) })
  const calls = callsTo(read, stage.platforms[platform])
  const direct = Object.entries(calls).map(([by, call]) => [by, burst(by, (n) => call(tokens[n % CROWD], n))])
  return {
    ours: burst('undici', first),
    // The last variant is nobody else's, and all of them have been asked in the burst that is not counted.
    again: burst('undici', (n) => oursTo(n % CROWD, read.variants - 1)),
    ...Object.fromEntries(direct),
    [RELAY]: burst('undici', (n) => ({ ...calls.undici(tokens[n % CROWD], n), origin: relayUrl })),
  }
}

/** Else the direct call would not be the same, and the comparison worth nothing. */
async function checkOneCall(stage, read, platform, contestants) {
  for (const [name, burst] of Object.entries(contestants)) {
    await stage.sandbox.ask({ requests: platform })
    await stage.load.ask({ ...burst({ amount: 1 }), concurrency: 1, amount: 1 })
    const paths = await stage.sandbox.ask({ requests: platform })
    if (paths.length !== 1) throw new Error(`${read.name} by ${name} is ${paths.length} calls: ${paths.join(' ')}`)
  }
}
