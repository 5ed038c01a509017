// The initial state of every platform: always the same people and repositories, with the same ids and dates.

import type { Site } from '../site.ts'
import type { Settings, World } from '../state.ts'
import { seedOrganizations } from './organizations.ts'
import { seedUsers } from './people.ts'
import { seedPullRequests } from './pull-requests.ts'
import { seedRepositories } from './repositories.ts'
import { oauthClient, seedTokens } from './tokens.ts'

export function seedWorld(site: Site): World {
  const { seed } = site.vendor
  return {
    users: seedUsers(seed),
    organizations: seedOrganizations(seed),
    repositories: seedRepositories(seed),
    pullRequests: seedPullRequests(),
    tokens: seedTokens(site),
    moved: new Map([['alice/original-name', 30]]),
    grants: [],
    refreshTokens: [],
    oauthClients: [oauthClient(site)],
    spent: new Map(),
    settings: seedSettings(site),
    now: () => Date.now(),
  }
}

function seedSettings(site: Site): Settings {
  const { name, seed } = site.vendor
  return {
    rateLimits: site.dotCom ? { ...seed.rateLimits } : null,
    privateMode: false,
    oauth: {
      redirectUris: [`http://localhost:4600/users/${name}/callback`],
      anyLoopbackCallback: true,
      ...seed.tokenLife(site),
      grantOnly: null,
      iam: false,
    },
  }
}
