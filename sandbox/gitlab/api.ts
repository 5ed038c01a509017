// GitLab's REST API: the calls that the sandbox knows, what a token needs for each, and how they are answered.

import { createHash } from 'node:crypto'
import { type Call, header, json, matchRoute, nothing, type Reply } from '../http.ts'
import type { Site } from '../site.ts'
import { findUser, fullName, isExpired, repositoryById, type Token, type User, userById, type World } from '../state.ts'
import {
  type GitlabRequest,
  granularMissing,
  identify,
  notFound,
  onlyFineGrained,
  type Permission,
  scopeMissing,
  unauthorized,
} from './access.ts'
import { gitlabDate, keyBody, ownUser, userBasic } from './bodies.ts'
import { groups, namespace, oneGroup } from './groups.ts'
import { gitlabLimit } from './limits.ts'
import { ownMergeRequests, projectMergeRequests } from './merge-requests.ts'
import { listReply } from './paging.ts'
import { allProjects, branches, groupProjects, oneBranch, oneProject, userProjects } from './projects.ts'

interface GitlabRoute {
  method: string
  pattern: string
  scopes: string[]
  /** The permission that a fine-grained token needs. */
  permission: Permission
  /** Parameters that a list has by default, as a query; found in recorded Link headers. */
  defaults?: string
  /** Answers anonymous callers about public objects. */
  anonymous?: true
  handler: (request: GitlabRequest) => Reply
}

const api = ['api', 'read_api']
const user = ['read_user', ...api]
const ofProjects =
  'order_by=created_at&owned=false&simple=false&sort=desc&starred=false&with_custom_attributes=false&with_issues_enabled=false&with_merge_requests_enabled=false'
const ofMergeRequests =
  'order_by=created_at&sort=desc&state=all&with_labels_details=false&with_merge_status_recheck=false'

const routes: GitlabRoute[] = [
  { method: 'GET', pattern: 'user', scopes: user, permission: 'read_user', handler: self },
  { method: 'GET', pattern: 'user/keys', scopes: user, permission: 'read_ssh_key', handler: ownKeys },
  { method: 'GET', pattern: 'users', scopes: user, permission: 'read_user', handler: users },
  { method: 'GET', pattern: 'users/:id', scopes: user, permission: 'read_user', handler: someUser },
  {
    method: 'GET',
    pattern: 'users/:id/keys',
    scopes: user,
    permission: 'read_ssh_key',
    anonymous: true,
    handler: someKeys,
  },
  {
    method: 'GET',
    pattern: 'users/:id/projects',
    scopes: api,
    permission: 'read_project',
    anonymous: true,
    defaults: ofProjects,
    handler: userProjects,
  },
  {
    method: 'GET',
    pattern: 'projects',
    scopes: api,
    permission: 'read_project',
    anonymous: true,
    defaults: `membership=false&${ofProjects}`,
    handler: allProjects,
  },
  {
    method: 'GET',
    pattern: 'projects/:id',
    scopes: api,
    permission: 'read_project',
    anonymous: true,
    handler: oneProject,
  },
  {
    method: 'GET',
    pattern: 'projects/:id/merge_requests',
    scopes: api,
    permission: 'read_merge_request',
    defaults: ofMergeRequests,
    handler: projectMergeRequests,
  },
  {
    method: 'GET',
    pattern: 'projects/:id/repository/branches',
    scopes: api,
    permission: 'read_branch',
    anonymous: true,
    handler: branches,
  },
  {
    method: 'GET',
    pattern: 'projects/:id/repository/branches/:branch',
    scopes: api,
    permission: 'read_branch',
    anonymous: true,
    handler: oneBranch,
  },
  {
    method: 'GET',
    pattern: 'merge_requests',
    scopes: api,
    permission: 'read_merge_request',
    defaults: `non_archived=true&scope=created_by_me&${ofMergeRequests}`,
    handler: ownMergeRequests,
  },
  {
    method: 'GET',
    pattern: 'groups',
    scopes: api,
    permission: 'read_group',
    anonymous: true,
    defaults: 'order_by=name&owned=false&sort=asc&statistics=false&top_level_only=false&with_custom_attributes=false',
    handler: groups,
  },
  { method: 'GET', pattern: 'groups/:id', scopes: api, permission: 'read_group', anonymous: true, handler: oneGroup },
  {
    method: 'GET',
    pattern: 'groups/:id/projects',
    scopes: api,
    permission: 'read_project',
    anonymous: true,
    defaults: `include_subgroups=false&with_security_reports=false&with_shared=true&${ofProjects}`,
    handler: groupProjects,
  },
  { method: 'GET', pattern: 'namespaces/:id', scopes: api, permission: 'read_namespace', handler: namespace },
  { method: 'GET', pattern: 'metadata', scopes: user, permission: 'read_metadata', handler: metadata },
  { method: 'GET', pattern: 'version', scopes: user, permission: 'read_metadata', handler: metadata },
]

export function answerGitlabApi(site: Site, world: World, call: Call): Reply {
  return marked(conditional(call, answer(site, world, call)))
}

/** Headers of every API answer. Errors must not be cached, and JSON has no charset. */
export function marked(reply: Reply): Reply {
  const common: Record<string, string> = {
    'x-gitlab-meta': '{"correlation_id":"01SANDBOX0000000000000000","version":"1"}',
    'x-request-id': '01SANDBOX0000000000000000',
    'x-runtime': '0.029368',
    'cache-control': reply.status < 400 ? 'max-age=0, private, must-revalidate' : 'no-cache',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'SAMEORIGIN',
    vary: 'Origin',
  }
  const headers = { ...common, ...reply.headers }
  if (headers['content-type']?.startsWith('application/json')) headers['content-type'] = 'application/json'
  return { ...reply, headers }
}

function answer(site: Site, world: World, call: Call): Reply {
  const path = call.path.slice(`${site.basePath}/api/v4/`.length)
  const identity = identify(site, world, call)
  const limited = gitlabLimit(world, 'status' in identity ? null : identity.user)
  const limitHeaders = limited?.headers ?? {}
  if (limited?.failure !== undefined) return limited.failure
  const reply = 'status' in identity ? identity : dispatch({ site, world, call, ...identity, params: {} }, path)
  return { ...reply, headers: { ...limitHeaders, ...reply.headers } }
}

function dispatch(request: GitlabRequest, path: string): Reply {
  const { site, call, token } = request
  if (path === 'personal_access_tokens/self') return ownToken(request)
  const found = matchRoute(routes, call.method, path)
  if (found === undefined) return notFound()
  const { route, params } = found
  if (token === null && route.anonymous !== true) return unauthorized()
  const rejected = token === null ? undefined : scopeMissing(site, token, route.scopes, route.permission)
  if (rejected !== undefined) return rejected
  if (onlyFineGrained(request, whereIs(request, route, params.id))) return granularMissing(site, route.permission)
  return route.handler({ ...request, params, defaults: Object.fromEntries(new URLSearchParams(route.defaults)) })
}

/** The full path of the requested project or group; empty when it is neither. */
function whereIs({ world }: GitlabRequest, { pattern }: GitlabRoute, id = ''): string {
  if (!/^(projects|groups)\/:id/.test(pattern)) return ''
  const project = pattern.startsWith('projects') ? repositoryById(world, Number(id)) : undefined
  return project === undefined ? id : fullName(project)
}

/** GitLab's weak ETags; a 304 counts as a request all the same. */
function conditional(call: Call, reply: Reply): Reply {
  if (reply.status !== 200) return reply
  const etag = `W/"${createHash('md5').update(reply.body).digest('hex')}"`
  const headers = { ...reply.headers, etag }
  if (header(call, 'if-none-match') !== etag) return { ...reply, headers }
  return nothing(304, headers)
}

/** Only for routes that are not anonymous; the dispatcher has checked that there is a user. */
function callerOf(request: GitlabRequest): User {
  if (request.user === null) throw new Error('a route for signed-in users was reached without one')
  return request.user
}

function self(request: GitlabRequest): Reply {
  return json(200, ownUser(request.site, callerOf(request)))
}

function ownKeys(request: GitlabRequest): Reply {
  const caller = callerOf(request)
  return listReply(request, caller.keys, (key) => keyBody(request.site, caller, key), 'Key')
}

function users(request: GitlabRequest): Reply {
  const username = request.call.query.get('username')
  const found = request.world.users.filter((one) => username === null || one.username === username.toLowerCase())
  return listReply(request, found, (one) => userBasic(request.site, one), 'User')
}

function byIdOrName({ world, params }: GitlabRequest): User | undefined {
  return userById(world, Number(params.id)) ?? findUser(world, params.id ?? '')
}

/** Only by id; for a name, the list with `username=` is used. */
function someUser({ site, world, params }: GitlabRequest): Reply {
  const found = userById(world, Number(params.id))
  return found === undefined ? notFound('User') : json(200, userBasic(site, found))
}

function someKeys(request: GitlabRequest): Reply {
  const found = byIdOrName(request)
  if (found === undefined) return notFound('User')
  return listReply(request, found.keys, (key) => keyBody(request.site, found, key), 'Key')
}

function metadata({ site }: GitlabRequest): Reply {
  const kas = { enabled: true, externalUrl: `ws://${site.host}/-/kubernetes-agent/`, version: site.version }
  return json(200, {
    version: site.version,
    revision: 'a11ce000000',
    kas,
    enterprise: site.dotCom || site.version.endsWith('-ee'),
  })
}

function ownToken({ site, world, call, token }: GitlabRequest): Reply {
  if (token === null) return unauthorized()
  if (token.kind === 'fine-grained') {
    const rejected = scopeMissing(site, token, [], 'read_personal_access_token')
    if (rejected !== undefined) return rejected
  }
  if (token.kind === 'oauth') {
    const message = '400 Bad request - This endpoint requires token type to be a personal access token'
    return json(400, { message })
  }
  if (call.method === 'DELETE') {
    token.revoked = true
    return nothing(204)
  }
  return call.method === 'GET' ? json(200, tokenBody(world, token)) : notFound()
}

function tokenBody(world: World, token: Token): object {
  return {
    id: world.tokens.indexOf(token) + 1,
    name: token.purpose,
    revoked: token.revoked,
    created_at: gitlabDate(token.createdAt),
    description: null,
    scopes: token.scopes,
    user_id: token.userId,
    last_used_at: null,
    active: !token.revoked && !isExpired(world, token),
    expires_at: token.expiresAt?.slice(0, 10) ?? null,
    ...(token.kind === 'fine-grained' ? { granular: true } : {}),
  }
}
