// Resident memory of the service: after a start, and after it was busy with lists and searches.

import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { readsOf } from '../support/reads.mjs'
import { alone } from '../support/rows.mjs'
import { CROWD, LINKS } from '../support/stage.mjs'

const PLATFORM = 'github-enterprise'
const MAX_IDLE_MB = 120
const MAX_AFTER_LOAD_MB = 160

export const memory = {
  name: 'memory',
  async run(stage) {
    const { settleMs, loadMs } = stage.measures
    await stage.restart()
    await setTimeout(settleMs)
    const idle = residentMb(stage.service.pid)
    await stage.load.ask({ by: 'bytes', calls: [listCall(stage)], concurrency: CROWD, ms: loadMs })
    await stage.load.ask({ by: 'undici', calls: searchCalls(stage), concurrency: CROWD, ms: loadMs })
    const afterLoad = residentMb(stage.service.pid)
    if (idle === null || afterLoad === null) return []
    const folder = { contest: 'memory', where: stage.engine }
    return [
      alone({ ...folder, how: 'idle' }, idle, 'MB', { atMost: MAX_IDLE_MB }),
      alone({ ...folder, how: 'after load' }, afterLoad, 'MB', { atMost: MAX_AFTER_LOAD_MB }),
    ]
  },
}

/** null where the system has no /proc. */
function residentMb(pid) {
  if (process.platform !== 'linux') return null
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return (Number(kib) * 1024) / 1e6
}

function listCall({ service, owners }) {
  return { origin: service.url, method: 'GET', path: LINKS, headers: owners.few.headers }
}

function searchCalls({ service, owners, links, sandbox }) {
  const search = readsOf(sandbox.facts).find(({ name }) => name === 'search_repos')
  return Array.from({ length: search.variants }, (_, n) => {
    const [path, parameters] = search.ours(n)
    const link = links.many[PLATFORM][n % CROWD]
    const query = new URLSearchParams(parameters)
    return { origin: service.url, path: `${LINKS}/${link}/${path}?${query}`, headers: owners.many.headers }
  })
}
