// Linking an account, beside the one call to the platform that it cannot do without: whose token this is.

import { duel } from '../support/duel.mjs'
import { ask, askForText } from '../support/forgelink.mjs'
import { compared } from '../support/rows.mjs'
import { CROWD, LINKS } from '../support/stage.mjs'

const PLATFORM = 'github-enterprise'
const DIRECT = 'GET /user by undici'

export const create = {
  name: 'create',
  async run(stage) {
    const { rounds } = stage.measures
    const folder = { contest: 'create', where: stage.engine }
    const contestants = contestantsOf(stage)
    const alone = await duel(stage.load, contestants, { rounds, concurrency: 1, amount: CROWD })
    const busy = await duel(stage.load, contestants, { rounds, concurrency: CROWD, amount: CROWD })
    await unlinkCreated(stage)
    return [
      compared({ ...folder, how: `${CROWD} at once` }, busy, { against: DIRECT, by: 'throughput' }),
      compared({ ...folder, how: 'alone' }, alone, { against: DIRECT, by: 'added' }),
    ]
  },
}

/** A burst is one link for each account, so that what the last one made has to go first. */
function contestantsOf(stage) {
  const { service, owners, platforms } = stage
  const { url, apiUrl, scmType, tokens } = platforms[PLATFORM]
  const { origin, pathname } = new URL(apiUrl)
  const creating = (token) => {
    const body = JSON.stringify({ scm_integration: { scm_type: scmType, url, access_token: token } })
    return { origin: service.url, method: 'POST', path: LINKS, headers: owners.few.headers, body }
  }
  const reading = (token) => {
    const headers = { authorization: `Bearer ${token}`, 'user-agent': 'bench' }
    return { origin, path: `${pathname}/user`, headers }
  }
  return {
    async ours() {
      await unlinkCreated(stage)
      return { by: 'undici', calls: tokens.map(creating) }
    },
    [DIRECT]: { by: 'undici', calls: tokens.map(reading) },
  }
}

async function unlinkCreated({ service, owners, links }) {
  const { headers } = owners.few
  const { scm_integrations } = await ask(service.url, 'GET', LINKS, headers)
  for (const { id } of scm_integrations) {
    if (!links.few.includes(id)) await askForText(service.url, 'DELETE', `${LINKS}/${id}`, headers)
  }
}
