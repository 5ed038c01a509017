// What most contests run on: a service with its store, and two users: one with three links, one with a link for each of
// many accounts on GitHub Enterprise Server and on GitLab.

import { addUser, ask, signIn, startForgelink } from './forgelink.mjs'

/** How many calls, and links that they go over, the busy bursts have at once. */
export const CROWD = 32

export const LINKS = '/v1/scm_integrations'

const MANY = ['github-enterprise', 'gitlab-self-hosted']

export async function openStage(engine, { sandbox, load, measures }) {
  const store = await engine.create()
  const settings = { ...sandbox.facts.settings, ...store.env }
  const few = await addUser(settings, 'few')
  const many = await addUser(settings, 'many')
  let service = await startForgelink(settings)
  const platforms = Object.fromEntries(sandbox.facts.platforms.map((platform) => [platform.name, platform]))
  const owners = {
    few: { ...few, headers: await signIn(service.url, few) },
    many: { ...many, headers: await signIn(service.url, many) },
  }

  /** Answers with the link's id. */
  async function link({ headers }, { scmType, url }, token) {
    const body = { scm_integration: { scm_type: scmType, url, access_token: token } }
    return (await ask(service.url, 'POST', LINKS, headers, body)).scm_integration.id
  }

  const links = { few: [], many: {} }
  for (const name of [...MANY, 'gitlab-subpath']) {
    links.few.push(await link(owners.few, platforms[name], platforms[name].alice))
  }
  for (const name of MANY) {
    links.many[name] = []
    for (const token of platforms[name].tokens) links.many[name].push(await link(owners.many, platforms[name], token))
  }

  return {
    engine: engine.name,
    store: store.raw,
    sandbox,
    load,
    measures,
    platforms,
    owners,
    links,
    settings,
    get service() {
      return service
    },
    link,
    /** Forgets all that the service holds in memory. JWTs are for its address, which stays. */
    async restart() {
      await service.stop()
      service = await startForgelink(settings, service.port)
    },
    close: () => service.stop(),
  }
}
