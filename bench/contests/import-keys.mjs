// An account's 1,000 keys, ten pages of the platform, beside reading the pages one after another.

import { duel } from '../support/duel.mjs'
import { askForText } from '../support/forgelink.mjs'
import { openRaw } from '../support/raw-store.mjs'
import { alone, compared } from '../support/rows.mjs'
import { LINKS } from '../support/stage.mjs'

const PLATFORM = 'github-enterprise'
const LATENCY_MS = 80
const PAGES = 10
/** A first page, the rest together, one write: four round trips at most, and this for everything else. */
const MAX_MS = 4 * LATENCY_MS + 100
const DIRECT = 'undici, page by page'

export const importKeys = {
  name: 'import_keys',
  async run(stage) {
    const { owners, platforms, measures } = stage
    const id = await stage.link(owners.few, platforms[PLATFORM], platforms[PLATFORM].keysToken)
    const store = openRaw(stage.store)
    await stage.sandbox.ask({ latencyMs: LATENCY_MS })
    try {
      const manner = { rounds: measures.rounds, concurrency: 1, amount: 1 }
      const measured = await duel(stage.load, contestantsOf(stage, store, id), manner)
      const folder = { contest: 'import_keys', where: stage.engine, how: `1,000 keys, ${LATENCY_MS} ms` }
      return [
        alone(folder, measured.ours.medianMs, 'ms', { atMost: MAX_MS }),
        compared(folder, measured, { against: DIRECT, by: 'quicker' }),
      ]
    } finally {
      await stage.sandbox.ask({ latencyMs: 0 })
      await askForText(stage.service.url, 'DELETE', `${LINKS}/${id}`, owners.few.headers)
      await store.run('delete from keys')
      await store.close()
    }
  },
}

function contestantsOf({ service, owners, platforms }, store, id) {
  const { apiUrl, keysToken } = platforms[PLATFORM]
  const { origin, pathname } = new URL(apiUrl)
  const headers = { authorization: `Bearer ${keysToken}`, 'user-agent': 'bench' }
  const pages = Array.from({ length: PAGES }, (_, index) => {
    return { origin, path: `${pathname}/user/keys?per_page=100&page=${index + 1}`, headers }
  })
  const call = { origin: service.url, method: 'POST', path: `${LINKS}/${id}/import_keys`, headers: owners.few.headers }
  return {
    async ours() {
      await store.run('delete from keys')
      return { by: 'undici', calls: [call] }
    },
    [DIRECT]: { by: 'undiciPages', calls: [{ pages }] },
  }
}
