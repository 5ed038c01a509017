// A user's three links with their opened tokens, beside the limit and beside better-auth's list of three accounts.

import { askForText } from '../support/forgelink.mjs'
import { startPart } from '../support/part.mjs'
import { compared } from '../support/rows.mjs'
import { measureServers, startBare } from '../support/servers.mjs'
import { CROWD, LINKS } from '../support/stage.mjs'

const BARE = 'bare node:http'
/** Its cookie cache leaves out reading the session, as our JWT does. */
const BETTER_AUTHS = { 'better-auth': false, 'better-auth, cookie cache': true }

const LEAST_OF_BARE = { sqlite: 0.5, postgres: 0.7 }
const LEAST_OF_BETTER_AUTH = 5

export const list = {
  name: 'list',
  async run(stage) {
    const { id, headers } = stage.owners.few
    const answer = await askForText(stage.service.url, 'GET', LINKS, headers)
    const sql = 'select * from scm_integrations where owner_id = ? order by created_at, id limit 101'
    const bare = await startBare(stage.store, { sql, parameters: [id] }, answer)
    const others = stage.engine === 'postgres' ? await startBetterAuths(stage.store) : []
    try {
      return rowsOf(stage, {
        ...(await measureServers(stage, {
          ours: { origin: stage.service.url, path: LINKS, headers },
          [BARE]: bare.call,
          ...Object.fromEntries(others.map(({ name, call }) => [name, call])),
        })),
        names: others.map(({ name }) => name),
      })
    } finally {
      await Promise.all([bare, ...others].map((each) => each.stop()))
    }
  },
}

async function startBetterAuths(store) {
  const started = []
  for (const [name, cookieCache] of Object.entries(BETTER_AUTHS)) {
    const part = await startPart('contestants/better-auth.mjs', { store, cookieCache })
    const { url, path, headers } = part.facts
    const answer = JSON.parse(await askForText(url, 'GET', path, headers))
    if (answer.length !== 3) throw new Error(`${name} lists ${answer.length} accounts instead of 3`)
    started.push({ name, call: { origin: url, path, headers }, stop: () => part.stop() })
  }
  return started
}

function rowsOf({ engine }, { alone, busy, names }) {
  const folder = { contest: 'list', where: engine }
  const many = { ...folder, how: `${CROWD} at once` }
  const one = { ...folder, how: 'alone' }
  return [
    compared(many, busy, { against: BARE, by: 'throughput', target: { atLeast: LEAST_OF_BARE[engine] } }),
    compared(one, alone, { against: BARE, by: 'added' }),
    ...names.flatMap((name) => [
      compared(many, busy, { against: name, by: 'throughput', target: { atLeast: LEAST_OF_BETTER_AUTH } }),
      compared(one, alone, { against: name, by: 'quicker' }),
    ]),
  ]
}
