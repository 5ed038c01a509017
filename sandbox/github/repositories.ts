// GitHub's calls for one repository, by name or by id, and the list of the caller's own.

import { json, type Reply, redirect } from '../http.ts'
import {
  findMoved,
  findRepository,
  findUser,
  fullName,
  type PullRequest,
  type Repository,
  repositoryById,
  repositoryLevel,
} from '../state.ts'
import { type GithubRequest, githubError, maySee, notFound, ssoBlocked, ssoRequired, visibilityOf } from './access.ts'
import { branchBody, branchDetail } from './bodies.ts'
import { listReply } from './paging.ts'
import { fullRepositoryBody, pullBody, repositoryBody } from './repository-bodies.ts'
import type { GithubRoute } from './route.ts'

type OnRepository = (request: GithubRequest, repository: Repository) => Reply

/** Only the repository itself has a scope header, public or not, as in recorded answers. */
const calls: { below: string; docs: string; permission: string; accepted?: string[]; handler: OnRepository }[] = [
  { below: '', docs: 'repos/repos#get-a-repository', permission: 'metadata=read', accepted: ['repo'], handler: show },
  { below: '/pulls', docs: 'pulls/pulls#list-pull-requests', permission: 'pull_requests=read', handler: pulls },
  { below: '/pulls/:number', docs: 'pulls/pulls#get-a-pull-request', permission: 'pull_requests=read', handler: pull },
  { below: '/branches', docs: 'branches/branches#list-branches', permission: 'contents=read', handler: branches },
  { below: '/branches/*branch', docs: 'branches/branches#get-a-branch', permission: 'contents=read', handler: branch },
]

export const repositoryRoutes: GithubRoute[] = calls.flatMap(({ below, docs, permission, handler }) => {
  // Recorded answers have `repo` for the repository itself, and no scope for the calls below it, public or not.
  const common = { method: 'GET', docs, permission, accepted: below === '' ? ['repo'] : [] }
  const onRepository = (request: GithubRequest) => withRepository(request, permission, handler)
  return ['repos/:owner/:name', 'repositories/:id'].map((root) => ({
    ...common,
    pattern: `${root}${below}`,
    handler: onRepository,
  }))
})

function withRepository(request: GithubRequest, permission: string, handler: OnRepository): Reply {
  const { site, world, viewer, params, docs } = request
  const byId = params.id !== undefined
  const name = `${params.owner}/${params.name}`
  const found = byId ? repositoryById(world, Number(params.id)) : findRepository(world, name)
  const repository = found ?? findMoved(world, name)
  if (repository === undefined) return notFound(docs)
  const visibility = visibilityOf(world, viewer, repository)
  if (visibility === 'sso') return ssoRequired(site, repository.owner)
  if (visibility === 'hidden') return notFound(docs)
  if (found === undefined) return moved(request, repository)
  if (lacksPermission(request, repository, permission)) {
    const by = viewer.token?.kind === 'fine-grained' ? 'personal access token' : 'integration'
    return githubError(403, `Resource not accessible by ${by}`, docs)
  }
  return handler(request, repository)
}

function lacksPermission({ viewer }: GithubRequest, repository: Repository, permission: string): boolean {
  const { token } = viewer
  if (token === null || token.kind === 'personal' || token.kind === 'oauth') return false
  return repository.visibility === 'private' && !token.permissions.includes(permission)
}

function moved({ site, call, params }: GithubRequest, repository: Repository): Reply {
  const old = `/api/v3/repos/${params.owner}/${params.name}`
  const query = call.query.size === 0 ? '' : `?${call.query}`
  const url = `${site.apiUrl}/repositories/${repository.id}${call.path.slice(old.length)}${query}`
  const body = { message: 'Moved Permanently', url, documentation_url: 'https://docs.github.com/v3/#http-redirects' }
  return json(301, body, redirect(url).headers)
}

function show({ site, world, viewer }: GithubRequest, repository: Repository): Reply {
  return json(200, fullRepositoryBody(site, world, viewer.user, repository, maySee(world, viewer)))
}

function pulls(request: GithubRequest, repository: Repository): Reply {
  const { site, world, viewer, call, docs } = request
  const state = call.query.get('state') ?? 'open'
  if (!['open', 'closed', 'all'].includes(state)) {
    const errors = [{ resource: 'PullRequest', field: 'state', code: 'invalid' }]
    return githubError(422, 'Validation Failed', docs, { errors })
  }
  const [headOwner, headBranch] = (call.query.get('head') ?? '').split(':')
  const base = call.query.get('base')
  const found = world.pullRequests.filter((candidate) => {
    const open = candidate.state === 'open' || candidate.state === 'locked'
    if (candidate.repositoryId !== repository.id || (state !== 'all' && open !== (state === 'open'))) return false
    if (base !== null && candidate.baseBranch !== base) return false
    return headBranch === undefined || isFrom(request, candidate, headOwner ?? '', headBranch)
  })
  const sorted = sortPulls(found, call.query)
  const convert = (one: PullRequest) => pullBody(site, world, viewer.user, one, maySee(world, viewer))
  return listReply(request, sorted, convert, `${site.apiUrl}/repositories/${repository.id}/pulls`)
}

function isFrom({ world }: GithubRequest, candidate: PullRequest, owner: string, branchName: string): boolean {
  return repositoryById(world, candidate.headRepositoryId)?.owner === owner && candidate.headBranch === branchName
}

function sortPulls(found: PullRequest[], query: URLSearchParams): PullRequest[] {
  const byCreation = (query.get('sort') ?? 'created') === 'created'
  const field = byCreation ? 'createdAt' : 'updatedAt'
  const descending = (query.get('direction') ?? (byCreation ? 'desc' : 'asc')) === 'desc'
  return found.sort((a, b) => (descending ? -1 : 1) * (a[field].localeCompare(b[field]) || a.id - b.id))
}

function pull({ site, world, viewer, params, docs }: GithubRequest, repository: Repository): Reply {
  const found = world.pullRequests.find(
    (candidate) => candidate.repositoryId === repository.id && String(candidate.number) === params.number,
  )
  if (found === undefined) return notFound(docs)
  const merged = found.mergedAt !== null
  const body = pullBody(site, world, viewer.user, found, maySee(world, viewer))
  return json(200, { ...body, merged, mergeable: merged ? null : true, comments: 0, commits: 1, changed_files: 1 })
}

function branches(request: GithubRequest, repository: Repository): Reply {
  const { site, call } = request
  const wanted = call.query.get('protected')
  const shown = repository.branches.filter((one) => wanted === null || String(one.protected) === wanted)
  const at = `${site.apiUrl}/repositories/${repository.id}/branches`
  return listReply(request, shown, (one) => branchBody(site, repository, one), at)
}

function branch({ site, world, params, docs }: GithubRequest, repository: Repository): Reply {
  const found = repository.branches.find((one) => one.name === params.branch)
  if (found === undefined) return githubError(404, 'Branch not found', docs)
  return json(200, branchDetail(site, repository, found, findUser(world, repository.owner)))
}

/** All repositories that the caller owns, collaborates on, or can access through an organisation. */
export function userRepositories(request: GithubRequest): Reply {
  const { site, world, viewer, call } = request
  const visibility = call.query.get('visibility') ?? call.query.get('type') ?? 'all'
  const affiliation = (call.query.get('affiliation') ?? 'owner,collaborator,organization_member').split(',')
  const ownOnly = call.query.get('type') === 'owner' || affiliation.join() === 'owner'
  const blocked = ssoBlocked(world, viewer).map((organization) => organization.path)
  const visible = maySee(world, viewer)
  const found = world.repositories.filter((repository) => {
    if (repositoryLevel(world, viewer.user, repository) === 0 || !visible(repository)) return false
    if (blocked.includes(repository.owner) || (ownOnly && repository.owner !== viewer.user?.username)) return false
    if (visibility === 'public') return repository.visibility !== 'private'
    return visibility !== 'private' || repository.visibility === 'private'
  })
  const sort = call.query.get('sort') ?? 'full_name'
  const descending = (call.query.get('direction') ?? (sort === 'full_name' ? 'asc' : 'desc')) === 'desc'
  const keyOf = (repository: Repository) =>
    sort === 'full_name' ? fullName(repository) : sort === 'created' ? repository.createdAt : repository.updatedAt
  const sorted = found.sort((a, b) => (descending ? -1 : 1) * keyOf(a).localeCompare(keyOf(b)))
  return listReply(request, sorted, (repository) => repositoryBody(site, world, viewer.user, repository))
}
