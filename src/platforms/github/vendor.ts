// GitHub as a vendor: github.com, its tenants at ghe.com, and GitHub Enterprise Server.

import type { OAuthEndpoints } from '../oauth.ts'
import type { Vendor } from '../vendor.ts'
import { addresses } from './addresses.ts'
import { GitHub } from './client.ts'
import { identify } from './identify.ts'
import { oauth } from './oauth.ts'
import { SCOPES } from './scopes.ts'

export const github: Vendor & { oauth: OAuthEndpoints } = {
  words: {
    name: 'GitHub',
    server: 'GitHub Enterprise Server',
    organizations: 'organisations',
    changeRequest: { one: 'pull request', many: 'pull requests', sign: '#' },
    repositoryForm: 'owner/name',
    shortWords: null,
  },
  addresses,
  scopes: SCOPES,
  oauth,
  identify,
  open: (transport, connection) => new GitHub(transport, connection),
}
