// GitHub's two searches: repositories, and pull requests among the issues.

import type { Reply } from '../http.ts'
import {
  findOrganization,
  findRepository,
  findUser,
  fullName,
  type PullRequest,
  type Repository,
  repositoryById,
  userById,
  type World,
} from '../state.ts'
import {
  type GithubRequest,
  githubError,
  invalidSearch,
  maySee,
  partialResults,
  ssoBlocked,
  type Viewer,
} from './access.ts'
import { searchReply } from './paging.ts'
import { matchesText, parseQuery, type SearchQuery, valuesOf } from './query.ts'
import { issueBody, repositoryBody } from './repository-bodies.ts'

const noUsers =
  'The listed users cannot be searched either because the users do not exist or you do not have permission to view the users.'
const noUsersOrRepositories =
  'The listed users and repositories cannot be searched either because the resources do not exist or you do not have permission to view them.'

export function searchRepositories(request: GithubRequest): Reply {
  const { site, world, viewer, call } = request
  const query = parseQuery(call.query.get('q') ?? '')
  const failure = unprocessable(query, call.query.get('q')) ?? scopeMissing(world, viewer, query)
  if (failure !== undefined) return failure
  const found = world.repositories
    .filter(maySee(world, viewer))
    .filter((repository) => repositoryMatches(world, repository, query))
  const sorted = sortRepositories(found, query, call.query)
  const convert = (repository: Repository) => ({
    ...repositoryBody(site, world, viewer.user, repository),
    score: score(repository, query),
  })
  return searchReply(request, sorted, convert, {}, partialResults(world, viewer))
}

export function searchIssues(request: GithubRequest): Reply {
  const { site, world, viewer, call } = request
  const query = parseQuery(call.query.get('q') ?? '')
  const failure = unprocessable(query, call.query.get('q')) ?? scopeMissing(world, viewer, query)
  if (failure !== undefined) return failure
  const kinds = valuesOf(query, 'is', 'type')
  if (viewer.token?.kind === 'app-user' && !kinds.some((kind) => ['issue', 'pr', 'pull-request'].includes(kind))) {
    return githubError(422, "Query must include 'is:issue' or 'is:pull-request'", 'search/search')
  }
  // There are no plain issues here, so a search for them finds none.
  const visible = maySee(world, viewer)
  const found = kinds.includes('issue')
    ? []
    : world.pullRequests.filter((pull) => {
        const base = repositoryById(world, pull.repositoryId)
        return base !== undefined && visible(base) && pullMatches(world, viewer, pull, base, query)
      })
  const sorted = sortPulls(found, call.query)
  // Too new for the servers that people run themselves.
  const kind = site.dotCom ? { search_type: 'lexical' } : {}
  const convert = (pull: PullRequest) => {
    const base = repositoryById(world, pull.repositoryId)
    return base === undefined ? null : issueBody(site, world, pull, base)
  }
  return searchReply(request, sorted, convert, kind, partialResults(world, viewer))
}

function unprocessable(query: SearchQuery, raw: string | null): Reply | undefined {
  if (raw === null || raw.trim() === '') return invalidSearch({ code: 'missing' })
  if (query.textLength > 256) {
    return invalidSearch({ message: 'The search is longer than 256 characters.', code: 'invalid' })
  }
  if (query.operators > 5) {
    return invalidSearch({ message: 'More than five AND / OR / NOT operators were used.', code: 'invalid' })
  }
  return undefined
}

/** GitHub sends an error only if nothing named can be searched; if some can, the hidden ones are silently left out. */
function scopeMissing(world: World, viewer: Viewer, query: SearchQuery): Reply | undefined {
  const owners = valuesOf(query, 'user', 'org')
  const repositories = valuesOf(query, 'repo')
  if (owners.length + repositories.length === 0) return undefined
  const blocked = ssoBlocked(world, viewer).map((organization) => organization.path)
  const knownOwner = owners.some((owner) => {
    if (owner === '@me') return viewer.user !== null
    const organization = findOrganization(world, owner)
    if (organization !== undefined) return !blocked.includes(organization.path) && isShown(world, viewer, organization)
    return findUser(world, owner) !== undefined
  })
  const knownRepository = repositories.some((name) => {
    const repository = findRepository(world, name)
    return repository !== undefined && maySee(world, viewer)(repository)
  })
  if (knownOwner || knownRepository) return undefined
  return invalidSearch({ message: repositories.length === 0 ? noUsers : noUsersOrRepositories, code: 'invalid' })
}

function isShown(world: World, viewer: Viewer, organization: World['organizations'][number]): boolean {
  if (organization.visibility === 'public') return true
  return organization.members.some((member) => userById(world, member.userId) === viewer.user)
}

function repositoryMatches(world: World, repository: Repository, query: SearchQuery): boolean {
  const forks = valuesOf(query, 'fork').at(-1)
  if (repository.fork ? forks !== 'true' && forks !== 'only' : forks === 'only') return false
  if (!inScope(world, repository, query)) return false
  const kinds = valuesOf(query, 'is')
  if (kinds.includes('public') && repository.visibility === 'private') return false
  if (kinds.includes('private') && repository.visibility !== 'private') return false
  const archived = valuesOf(query, 'archived').at(-1)
  if (archived !== undefined && String(repository.archived) !== archived) return false
  if (!valuesOf(query, 'topic').every((topic) => repository.topics.includes(topic))) return false
  return matchesText(query, searchedTexts(repository, valuesOf(query, 'in')))
}

function searchedTexts(repository: Repository, fields: string[]): (string | null)[] {
  const texts: Record<string, (string | null)[]> = {
    name: [repository.name],
    description: [repository.description],
    topics: repository.topics,
    readme: [`${repository.title} readme`],
  }
  const wanted = fields.length === 0 ? ['name', 'description', 'topics'] : fields
  return wanted.flatMap((field) => texts[field] ?? [])
}

function inScope(world: World, repository: Repository, query: SearchQuery): boolean {
  const owners = valuesOf(query, 'user', 'org').map((owner) => owner.toLowerCase())
  const names = valuesOf(query, 'repo').map((name) => name.toLowerCase())
  const excluded = valuesOf(query, '-user', '-org').map((owner) => owner.toLowerCase())
  const owner = repository.owner.toLowerCase()
  if (excluded.includes(owner) || !world.repositories.includes(repository)) return false
  if (owners.length + names.length === 0) return true
  return owners.includes(owner) || names.includes(fullName(repository).toLowerCase())
}

function pullMatches(world: World, viewer: Viewer, pull: PullRequest, base: Repository, query: SearchQuery): boolean {
  if (!inScope(world, base, query)) return false
  const open = pull.state === 'open' || pull.state === 'locked'
  const states: Record<string, boolean> = {
    open,
    closed: !open,
    merged: pull.state === 'merged',
    unmerged: pull.state !== 'merged',
    draft: pull.draft,
    public: base.visibility !== 'private',
    private: base.visibility === 'private',
  }
  if (valuesOf(query, 'is', 'state').some((value) => states[value] === false)) return false
  const authors = valuesOf(query, 'author').map((name) => (name === '@me' ? viewer.user : findUser(world, name)))
  if (authors.length > 0 && !authors.some((author) => author?.id === pull.authorId)) return false
  const fields = valuesOf(query, 'in')
  const title = fields.length === 0 || fields.includes('title')
  const body = fields.length === 0 || fields.includes('body')
  return matchesText(query, [title ? pull.title : null, body ? pull.body : null])
}

function score(repository: Repository, query: SearchQuery): number {
  const words = query.alternatives.flat().map((term) => term.text)
  const name = repository.name.toLowerCase()
  if (words.some((word) => word === name)) return 3
  return words.some((word) => name.includes(word)) ? 2 : 1
}

function sortRepositories(found: Repository[], query: SearchQuery, params: URLSearchParams): Repository[] {
  const direction = params.get('order') === 'asc' ? 1 : -1
  const sort = params.get('sort')
  if (sort === 'stars') return found.sort((a, b) => direction * (a.stars - b.stars))
  if (sort === 'updated') return found.sort((a, b) => direction * a.updatedAt.localeCompare(b.updatedAt))
  return found.sort((a, b) => score(b, query) - score(a, query) || a.id - b.id)
}

function sortPulls(found: PullRequest[], params: URLSearchParams): PullRequest[] {
  const direction = params.get('order') === 'asc' ? 1 : -1
  const field = params.get('sort') === 'updated' ? 'updatedAt' : 'createdAt'
  return found.sort((a, b) => direction * (a[field].localeCompare(b[field]) || a.id - b.id))
}
