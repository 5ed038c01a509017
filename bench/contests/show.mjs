// One link with its opened token, beside the limit.

import { askForText } from '../support/forgelink.mjs'
import { compared } from '../support/rows.mjs'
import { measureServers, startBare } from '../support/servers.mjs'
import { CROWD, LINKS } from '../support/stage.mjs'

const BARE = 'bare node:http'

export const show = {
  name: 'show',
  async run(stage) {
    const { headers } = stage.owners.few
    const [link] = stage.links.few
    const path = `${LINKS}/${link}`
    const answer = await askForText(stage.service.url, 'GET', path, headers)
    const sql = 'select * from scm_integrations where id = ?'
    const bare = await startBare(stage.store, { sql, parameters: [link] }, answer)
    try {
      const ours = { origin: stage.service.url, path, headers }
      const { alone, busy } = await measureServers(stage, { ours, [BARE]: bare.call })
      const folder = { contest: 'show', where: stage.engine }
      return [
        compared({ ...folder, how: `${CROWD} at once` }, busy, { against: BARE, by: 'throughput' }),
        compared({ ...folder, how: 'alone' }, alone, { against: BARE, by: 'added' }),
      ]
    } finally {
      await bare.stop()
    }
  },
}
