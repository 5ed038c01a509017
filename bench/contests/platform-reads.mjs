// The calls that ask a platform, through us and made directly: asked for the first time, and again within a minute.

import { duel } from '../support/duel.mjs'
import { callsTo, readsOf } from '../support/reads.mjs'
import { compared } from '../support/rows.mjs'
import { CROWD, LINKS } from '../support/stage.mjs'

/** Of every answer of the platform. */
const LATENCIES_MS = [0, 80]
const PLATFORMS = ['github-enterprise', 'gitlab-self-hosted']

/** What is held to a target, by latency, manner and contestant. The others are for comparison. */
const TARGETS = [
  { read: 'search_repos', latencyMs: 0, manner: 'alone', against: 'undici', by: 'added', target: { atMost: 0.5 } },
  { read: 'search_repos', latencyMs: 0, manner: 'busy', against: 'undici', by: 'throughput', target: { atLeast: 0.5 } },
  ...['octokit', 'gitbeaker'].flatMap((against) => [
    { read: 'search_repos', latencyMs: 0, manner: 'alone', against, by: 'quicker', target: { atLeast: 1 } },
    { read: 'search_repos', latencyMs: 0, manner: 'busy', against, by: 'throughput', target: { atLeast: 1 } },
  ]),
  { read: 'search_repos', latencyMs: 80, manner: 'again', against: 'undici', by: 'quicker', target: { atLeast: 20 } },
]

export const platformReads = ['search_repos', 'orgs', 'search_pull_requests'].map((name) => ({
  name,
  async run(stage) {
    const read = readsOf(stage.sandbox.facts).find((each) => each.name === name)
    const rows = []
    for (const platform of PLATFORMS) {
      await checkOneCall(stage, read, platform)
      for (const latencyMs of LATENCIES_MS) {
        // What the calls before left in memory would answer those that are to be first.
        await stage.restart()
        await stage.sandbox.ask({ latencyMs })
        rows.push(...(await measure(stage, read, platform, latencyMs)))
        await stage.sandbox.ask({ latencyMs: 0 })
      }
    }
    return rows
  },
}))

async function measure(stage, read, platform, latencyMs) {
  const { rounds, aloneCalls, slowCalls, busyCalls } = stage.measures
  const contestants = contestantsOf(stage, read, platform)
  const others = Object.keys(contestants).filter((name) => !['ours', 'again'].includes(name))
  const manners = {
    alone: { how: 'alone', concurrency: 1, amount: latencyMs === 0 ? aloneCalls : slowCalls },
    busy: { how: `${CROWD} at once`, concurrency: CROWD, amount: busyCalls },
  }
  const rows = []
  for (const [manner, { how, ...burst }] of Object.entries(manners)) {
    const measured = await duel(stage.load, contestants, { rounds, ...burst })
    const add = (kind, figures, words, against) => {
      const place = {
        contest: read.name,
        where: `${stage.engine}, ${platform}`,
        how: `${latencyMs} ms, ${how}${words}`,
      }
      for (const comparison of comparisonsOf({
        read: read.name,
        latencyMs,
        manner: kind,
        against,
        isAlone: manner === 'alone',
      })) {
        rows.push(compared(place, figures, { against, ...comparison }))
      }
    }
    for (const against of others) add(manner, measured, '', against)
    add(manner === 'alone' ? 'again' : 'busy again', { ...measured, ours: measured.again }, ', again', 'undici')
  }
  return rows
}

/** Those with a target, else the one that says most. */
function comparisonsOf({ read, latencyMs, manner, against, isAlone }) {
  const held = TARGETS.filter(
    (each) => each.read === read && each.latencyMs === latencyMs && each.manner === manner && each.against === against,
  )
  const usual = { by: !isAlone ? 'throughput' : manner === 'again' ? 'quicker' : 'added' }
  return held.length > 0 ? held.map(({ by, target }) => ({ by, target })) : [usual]
}

/** By name, what makes the burst of a round. `ours` asks something else with every call, `again` always the same. */
function contestantsOf({ service, owners, links, platforms }, read, platform) {
  const { tokens } = platforms[platform]
  const oursTo = (link, n) => {
    const [path, parameters] = read.ours(n)
    const query = new URLSearchParams(parameters)
    const { headers } = owners.many
    return { origin: service.url, path: `${LINKS}/${links.many[platform][link]}/${path}?${query}`, headers }
  }
  let asked = 0
  const first = () => {
    const n = asked++
    return oursTo(n % CROWD, Math.floor(n / CROWD) % (read.variants - 1))
  }
  const burst = (by, call) => (manner) => ({ by, calls: Array.from({ length: manner.amount }, (_, n) => call(n)) })
  const direct = Object.entries(callsTo(read, platforms[platform])).map(([by, call]) => [
    by,
    burst(by, (n) => call(tokens[n % CROWD], n)),
  ])
  return {
    ours: burst('undici', first),
    // The last variant is nobody else's, and all of them have been asked in the burst that is not counted.
    again: burst('undici', (n) => oursTo(n % CROWD, read.variants - 1)),
    ...Object.fromEntries(direct),
  }
}

/** Else the direct call would not be the same, and the comparison worth nothing. */
async function checkOneCall(stage, read, platform) {
  const contestants = contestantsOf(stage, read, platform)
  for (const [name, burst] of Object.entries(contestants)) {
    await stage.sandbox.ask({ requests: platform })
    await stage.load.ask({ ...burst({ amount: 1 }), concurrency: 1, amount: 1 })
    const paths = await stage.sandbox.ask({ requests: platform })
    if (paths.length !== 1) throw new Error(`${read.name} by ${name} is ${paths.length} calls: ${paths.join(' ')}`)
  }
}
