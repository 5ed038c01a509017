// The calls of GitHub's REST API that the sandbox knows, and what a token needs for each.

import { json, type Reply } from '../http.ts'
import { findUser, type Organization, type User } from '../state.ts'
import { type GithubRequest, githubError, hasPermissions, notFound, partialResults, ssoBlocked } from './access.ts'
import { checkToken, deleteGrant, deleteToken } from './applications.ts'
import { keyBody, membershipBody, organizationBody, privateUser, publicUser } from './bodies.ts'
import { rateLimitBody } from './limits.ts'
import { listReply } from './paging.ts'
import { repositoryRoutes, userRepositories } from './repositories.ts'
import type { GithubRoute } from './route.ts'
import { searchIssues, searchRepositories } from './search.ts'

const listsOrganizations = ['admin:org', 'read:org', 'repo', 'user', 'write:org']

export const githubRoutes: GithubRoute[] = [
  {
    method: 'GET',
    pattern: 'user',
    docs: 'users/users#get-the-authenticated-user',
    accepted: [],
    signedIn: true,
    handler: ownProfile,
  },
  {
    method: 'GET',
    pattern: 'user/emails',
    docs: 'users/emails#list-email-addresses-for-the-authenticated-user',
    accepted: ['user', 'user:email'],
    permission: 'emails=read',
    missing: 404,
    signedIn: true,
    handler: (request) => listReply(request, userOf(request).emails, (email) => email),
  },
  {
    method: 'GET',
    pattern: 'user/keys',
    docs: 'users/keys#list-public-ssh-keys-for-the-authenticated-user',
    accepted: ['admin:public_key', 'read:public_key', 'write:public_key'],
    permission: 'keys=read',
    missing: 404,
    signedIn: true,
    handler: (request) => listReply(request, authenticationKeys(userOf(request)), (key) => keyBody(request.site, key)),
  },
  {
    method: 'GET',
    pattern: 'user/ssh_signing_keys',
    docs: 'users/ssh-signing-keys#list-ssh-signing-keys-for-the-authenticated-user',
    accepted: ['admin:ssh_signing_key', 'read:ssh_signing_key', 'write:ssh_signing_key'],
    permission: 'git_signing_ssh_public_keys=read',
    missing: 404,
    signedIn: true,
    handler: signingKeys,
  },
  {
    method: 'GET',
    pattern: 'user/orgs',
    docs: 'orgs/orgs#list-organizations-for-the-authenticated-user',
    accepted: listsOrganizations,
    missing: 403,
    signedIn: true,
    handler: ownOrganizations,
  },
  {
    method: 'GET',
    pattern: 'user/memberships/orgs',
    docs: 'orgs/members#list-organization-memberships-for-the-authenticated-user',
    accepted: listsOrganizations,
    permission: 'members=read',
    missing: 403,
    signedIn: true,
    handler: ownMemberships,
  },
  {
    method: 'GET',
    pattern: 'user/repos',
    docs: 'repos/repos#list-repositories-for-the-authenticated-user',
    accepted: ['repo'],
    permission: 'metadata=read',
    signedIn: true,
    handler: userRepositories,
  },
  {
    method: 'GET',
    pattern: 'users/:username',
    docs: 'users/users#get-a-user',
    accepted: [],
    handler: someProfile,
  },
  {
    method: 'GET',
    pattern: 'users/:username/keys',
    docs: 'users/keys#list-public-keys-for-a-user',
    accepted: [],
    handler: someKeys,
  },
  {
    method: 'GET',
    pattern: 'search/repositories',
    docs: 'search/search#search-repositories',
    accepted: [],
    bucket: 'search',
    handler: searchRepositories,
  },
  {
    method: 'GET',
    pattern: 'search/issues',
    docs: 'search/search#search-issues-and-pull-requests',
    accepted: [],
    bucket: 'search',
    handler: searchIssues,
  },
  { method: 'GET', pattern: 'meta', docs: 'meta/meta', accepted: [], handler: meta },
  { method: 'GET', pattern: 'rate_limit', docs: 'rate-limit/rate-limit', accepted: [], free: true, handler: rateLimit },
  ...repositoryRoutes,
  ...(['POST', 'DELETE'] as const).map((method) => ({
    method,
    pattern: 'applications/:client_id/token',
    docs: 'apps/oauth-applications#check-a-token',
    accepted: [],
    clientCredentials: true as const,
    handler: method === 'POST' ? checkToken : deleteToken,
  })),
  {
    method: 'DELETE',
    pattern: 'applications/:client_id/grant',
    docs: 'apps/oauth-applications#delete-an-app-authorization',
    accepted: [],
    clientCredentials: true,
    handler: deleteGrant,
  },
]

/** Only for routes that need a signed-in user; the router has checked that there is one. */
function userOf(request: GithubRequest): User {
  if (request.viewer.user === null) throw new Error('a route for signed-in users was reached without one')
  return request.viewer.user
}

function authenticationKeys(user: User) {
  return user.keys.filter((key) => key.usage !== 'signing')
}

function ownProfile(request: GithubRequest): Reply {
  const { site, world, viewer } = request
  const user = userOf(request)
  const full = viewer.token?.scopes.some((scope) => scope === 'user' || scope === 'read:user') ?? false
  return json(200, full ? privateUser(site, world, user) : publicUser(site, world, user))
}

function someProfile({ site, world, params, docs }: GithubRequest): Reply {
  const user = findUser(world, params.username ?? '')
  return user === undefined ? notFound(docs) : json(200, publicUser(site, world, user))
}

function someKeys(request: GithubRequest): Reply {
  const user = findUser(request.world, request.params.username ?? '')
  if (user === undefined) return notFound(request.docs)
  return listReply(request, authenticationKeys(user), ({ id, key, createdAt }) => ({ id, key, created_at: createdAt }))
}

function signingKeys(request: GithubRequest): Reply {
  const keys = userOf(request).keys.filter((key) => key.usage === 'signing')
  return listReply(request, keys, ({ id, key, title, createdAt }) => ({ id, key, title, created_at: createdAt }))
}

/** Fine-grained and App tokens get an empty list, and SSO organisations without authorisation are left out. */
function ownOrganizations(request: GithubRequest): Reply {
  const { site, world, viewer } = request
  return listReply(
    request,
    hasPermissions(viewer.token) ? [] : organizationsOf(request),
    (organization) => organizationBody(site, organization),
    `${site.apiUrl}/user/orgs`,
    partialResults(world, viewer),
  )
}

function ownMemberships(request: GithubRequest): Reply {
  const { site, world, viewer } = request
  // In the sandbox no membership is pending.
  const mine = request.call.query.get('state') === 'pending' ? [] : organizationsOf(request)
  return listReply(
    request,
    mine,
    (organization) => membershipBody(site, organization, userOf(request)),
    `${site.apiUrl}/user/memberships/orgs`,
    partialResults(world, viewer),
  )
}

function organizationsOf(request: GithubRequest): Organization[] {
  const { world, viewer } = request
  const user = userOf(request)
  const blocked = ssoBlocked(world, viewer)
  return world.organizations.filter((organization) => {
    return organization.members.some((member) => member.userId === user.id) && !blocked.includes(organization)
  })
}

function meta({ site }: GithubRequest): Reply {
  const common = { verifiable_password_authentication: !site.dotCom }
  if (!site.dotCom) return json(200, { ...common, installed_version: site.version })
  return json(200, { ...common, hooks: ['192.0.2.0/24'], web: ['192.0.2.0/24'], api: ['192.0.2.0/24'] })
}

function rateLimit({ world, viewer, docs }: GithubRequest): Reply {
  if (world.settings.rateLimits === null) return githubError(404, 'Rate limiting is not enabled.', docs)
  return json(200, rateLimitBody(world, viewer))
}
