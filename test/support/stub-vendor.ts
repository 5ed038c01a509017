// A vendor that tells everything and does next to nothing: what a new platform has to bring before the rest is written.
// The facts are Gitea's: https://docs.gitea.com/development/oauth2-provider, https://docs.gitea.com/development/api-usage

import type { Page, Platform, Profile } from '../../src/platforms/platform.ts'
import type { Vendor } from '../../src/platforms/vendor.ts'

export const gitea: Vendor = {
  words: {
    name: 'Gitea',
    server: 'Gitea',
    organizations: 'teams',
    changeRequest: { one: 'change', many: 'changes', sign: '%' },
    repositoryForm: 'team/name',
    shortWords: { fewerThan: 2, hint: 'Gitea wants two letters or more of a word.' },
  },
  addresses: {
    hosted: 'https://gitea.com',
    apiUrl: (webUrl) => `${webUrl}/api/v1`,
    apiPaths: ['api/v1'],
    pagePaths: ['user', 'admin'],
    mainHost: (host) => (host === 'docs.gitea.com' ? 'gitea.com' : null),
    tokensPath: '/user/settings/applications',
    newTokenPath: (scopes) => `/user/settings/applications?scopes=${scopes.join(',')}`,
  },
  scopes: [
    { name: 'read:user', meaning: 'who you are', use: 'needed' },
    { name: 'read:repository', meaning: 'your repositories', use: 'optional' },
  ],
  oauth: null,
  identify: {
    question: (webUrl) => ({ url: `${webUrl}/api/v1/version` }),
    read: (_webUrl, { members }) => {
      return typeof members.version === 'string' ? { name: 'Gitea', version: members.version, doubt: null } : null
    },
  },
  open: (_transport, { webUrl }) => stub(webUrl),
}

function stub(webUrl: string): Platform {
  const profile: Profile = {
    uid: '7',
    username: 'alice',
    avatarUrl: null,
    email: null,
    profileUrl: `${webUrl}/alice`,
    scopes: [],
    missingScopes: ['read:user'],
    tokenExpiresAt: null,
  }
  const nothing: Page<never> = { items: [], hasNext: false, totalCount: 0, warnings: [] }
  return {
    profile: async () => profile,
    sshKeys: async () => [],
    searchRepositories: async () => nothing,
    organizations: async () => nothing,
    searchPullRequests: async () => nothing,
    branches: async () => nothing,
    health: async () => ({ name: 'Gitea', version: '1.25.4', rateLimit: null, isTold: true, unknownCalls: [] }),
  }
}
