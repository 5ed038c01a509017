// GitLab as a vendor: gitlab.com, and self-hosted servers.

import type { OAuthEndpoints } from '../oauth.ts'
import type { Identification, Vendor } from '../vendor.ts'
import { addresses } from './addresses.ts'
import { GitLab } from './client.ts'
import { oauth } from './oauth.ts'
import { SCOPES } from './scopes.ts'

const identify: Identification = {
  question: (webUrl) => ({ url: `${addresses.apiUrl(webUrl)}/version` }),
  read(_webUrl, { status, headers, members }) {
    const isForbidden = status === 401 && members.message === '401 Unauthorized'
    const isGitLab = isForbidden || headers['x-gitlab-meta'] !== undefined
    return isGitLab ? { name: 'GitLab', version: null, doubt: null } : null
  },
}

export const gitlab: Vendor & { oauth: OAuthEndpoints } = {
  words: {
    name: 'GitLab',
    server: 'GitLab',
    organizations: 'groups',
    changeRequest: { one: 'merge request', many: 'merge requests', sign: '!' },
    repositoryForm: 'group/subgroup/name',
    // https://docs.gitlab.com/api/projects/#list-all-projects: search words need at least three letters there.
    shortWords: { fewerThan: 3, hint: 'GitLab wants three letters or more of a word.' },
  },
  addresses,
  scopes: SCOPES,
  oauth,
  identify,
  open: (transport, connection) => new GitLab(transport, connection),
}
