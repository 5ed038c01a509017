// The world every platform starts with: the same people and repositories each time, with the same ids and dates.

import type { Site } from '../site.ts'
import type { Settings, World } from '../state.ts'
import { seedOrganizations } from './organizations.ts'
import { seedUsers } from './people.ts'
import { seedPullRequests } from './pull-requests.ts'
import { seedRepositories } from './repositories.ts'
import { oauthClient, seedTokens } from './tokens.ts'

export function seedWorld(site: Site): World {
  const repositories = seedRepositories(site.flavour)
  return {
    flavour: site.flavour,
    users: seedUsers(site.flavour),
    organizations: seedOrganizations(site.flavour),
    repositories,
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
  const gitlab = site.flavour === 'gitlab'
  return {
    rateLimits: site.dotCom ? (gitlab ? { core: 2000, search: 2000 } : { core: 5000, search: 30 }) : null,
    privateMode: false,
    oauth: {
      redirectUris: [`http://localhost:4600/users/${site.flavour}/callback`],
      anyLoopbackCallback: true,
      // Apps made since 14 August 2026; Enterprise Servers follow with 3.23: https://github.com/orgs/community/discussions/204963
      expiring: gitlab || site.dotCom,
      accessTokenSeconds: gitlab ? 7200 : 28_800,
      refreshTokenSeconds: gitlab ? null : 15_897_600,
      grantOnly: null,
      iam: false,
    },
  }
}
