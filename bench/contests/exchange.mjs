// An API token exchanged for a JWT, beside a bare handler that looks the token up and writes a ready answer.

import { createHash } from 'node:crypto'
import { askForText, basic } from '../support/forgelink.mjs'
import { compared } from '../support/rows.mjs'
import { measureServers, startBare } from '../support/servers.mjs'
import { CROWD } from '../support/stage.mjs'

const BARE = 'bare node:http'
const PATH = '/v1/tokens/exchange'

export const exchange = {
  name: 'exchange',
  async run(stage) {
    const { token } = stage.owners.few
    const call = { method: 'POST', path: PATH, headers: basic(token) }
    const answer = await askForText(stage.service.url, call.method, call.path, call.headers)
    const sql = 'select * from api_tokens join users on users.id = api_tokens.user_id where api_tokens.token_hash = ?'
    const hash = createHash('sha256').update(token).digest('base64url')
    const bare = await startBare(stage.store, { sql, parameters: [hash] }, answer)
    try {
      const ours = { origin: stage.service.url, ...call }
      const { alone, busy } = await measureServers(stage, { ours, [BARE]: bare.call })
      const folder = { contest: 'exchange', where: stage.engine }
      return [
        compared({ ...folder, how: `${CROWD} at once` }, busy, { against: BARE, by: 'throughput' }),
        compared({ ...folder, how: 'alone' }, alone, { against: BARE, by: 'added' }),
      ]
    } finally {
      await bare.stop()
    }
  },
}
