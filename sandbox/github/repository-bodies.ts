// GitHub's JSON for repositories and pull requests, typed by its official description.

import type { Site } from '../site.ts'
import {
  findOrganization,
  findUser,
  fullName,
  type PullRequest,
  type Repository,
  repositoryById,
  repositoryLevel,
  type User,
  userById,
  type World,
} from '../state.ts'
import { commitSha, nodeId, type Schemas, simpleUser } from './bodies.ts'

/** Nullable in some of the official descriptions, but never null here. */
interface Dates {
  created_at: string
  updated_at: string
  pushed_at: string
}

export function repositoryBody(
  site: Site,
  world: World,
  reader: User | null,
  repository: Repository,
): Schemas['repository'] & Dates {
  const level = repositoryLevel(world, reader, repository)
  const openPulls = world.pullRequests.filter((pull) => pull.repositoryId === repository.id && isOpen(pull)).length
  const forks = world.repositories.filter((other) => other.parentId === repository.id).length
  return {
    id: repository.id,
    node_id: nodeId('Repository', repository.id),
    name: repository.name,
    full_name: fullName(repository),
    private: repository.visibility !== 'public',
    owner: simpleUser(site, ownerOf(world, repository)),
    description: repository.description === '' ? null : repository.description,
    fork: repository.fork,
    ...repositoryUrls(site, repository),
    created_at: repository.createdAt,
    updated_at: repository.updatedAt,
    pushed_at: repository.updatedAt,
    homepage: null,
    size: repository.branches.length === 0 ? 0 : 108,
    stargazers_count: repository.stars,
    watchers_count: repository.stars,
    language: repository.branches.length === 0 ? null : 'TypeScript',
    has_issues: true,
    has_projects: true,
    has_downloads: true,
    has_wiki: true,
    has_pages: false,
    has_discussions: false,
    forks_count: forks,
    mirror_url: null,
    archived: repository.archived,
    disabled: false,
    open_issues_count: openPulls,
    license: null,
    allow_forking: true,
    is_template: false,
    web_commit_signoff_required: false,
    topics: repository.topics,
    visibility: repository.visibility === 'internal' ? 'public' : repository.visibility,
    forks,
    open_issues: openPulls,
    watchers: repository.stars,
    default_branch: repository.defaultBranch,
    permissions: { admin: level >= 50, maintain: level >= 40, push: level >= 30, triage: level >= 20, pull: true },
  }
}

export function fullRepositoryBody(
  site: Site,
  world: World,
  reader: User | null,
  repository: Repository,
  maySee: (other: Repository) => boolean,
): Schemas['full-repository'] {
  const organization = findOrganization(world, repository.owner)
  const parent = repositoryById(world, repository.parentId)
  const shown = parent !== undefined && maySee(parent) ? repositoryBody(site, world, reader, parent) : undefined
  return {
    ...repositoryBody(site, world, reader, repository),
    has_discussions: false,
    temp_clone_token: null,
    ...(organization === undefined ? {} : { organization: simpleUser(site, organization) }),
    ...(shown === undefined ? {} : { parent: shown, source: shown }),
    network_count: 0,
    subscribers_count: 1,
  }
}

function ownerOf(world: World, repository: Repository) {
  return findUser(world, repository.owner) ?? findOrganization(world, repository.owner)
}

function isOpen(pull: PullRequest): boolean {
  return pull.state === 'open' || pull.state === 'locked'
}

function repositoryUrls(site: Site, repository: Repository) {
  const name = fullName(repository)
  const self = `${site.apiUrl}/repos/${name}`
  return {
    html_url: `${site.url}/${name}`,
    url: self,
    forks_url: `${self}/forks`,
    keys_url: `${self}/keys{/key_id}`,
    collaborators_url: `${self}/collaborators{/collaborator}`,
    teams_url: `${self}/teams`,
    hooks_url: `${self}/hooks`,
    issue_events_url: `${self}/issues/events{/number}`,
    events_url: `${self}/events`,
    assignees_url: `${self}/assignees{/user}`,
    branches_url: `${self}/branches{/branch}`,
    tags_url: `${self}/tags`,
    blobs_url: `${self}/git/blobs{/sha}`,
    git_tags_url: `${self}/git/tags{/sha}`,
    git_refs_url: `${self}/git/refs{/sha}`,
    trees_url: `${self}/git/trees{/sha}`,
    statuses_url: `${self}/statuses/{sha}`,
    languages_url: `${self}/languages`,
    stargazers_url: `${self}/stargazers`,
    contributors_url: `${self}/contributors`,
    subscribers_url: `${self}/subscribers`,
    subscription_url: `${self}/subscription`,
    commits_url: `${self}/commits{/sha}`,
    git_commits_url: `${self}/git/commits{/sha}`,
    comments_url: `${self}/comments{/number}`,
    issue_comment_url: `${self}/issues/comments{/number}`,
    contents_url: `${self}/contents/{+path}`,
    compare_url: `${self}/compare/{base}...{head}`,
    merges_url: `${self}/merges`,
    archive_url: `${self}/{archive_format}{/ref}`,
    downloads_url: `${self}/downloads`,
    issues_url: `${self}/issues{/number}`,
    pulls_url: `${self}/pulls{/number}`,
    milestones_url: `${self}/milestones{/number}`,
    notifications_url: `${self}/notifications{?since,all,participating}`,
    labels_url: `${self}/labels{/name}`,
    releases_url: `${self}/releases{/id}`,
    deployments_url: `${self}/deployments`,
    git_url: `git://${site.host}/${name}.git`,
    ssh_url: `git@${site.host.replace(/:\d+$/, '')}:${name}.git`,
    clone_url: `${site.url}/${name}.git`,
    svn_url: `${site.url}/${name}`,
  }
}

/** The description has no null here, but the head of a deleted repository is null. */
type PullBody = Omit<Schemas['pull-request-simple'], 'head'> & {
  head: Omit<Schemas['pull-request-simple']['head'], 'repo'> & { repo: Schemas['repository'] | null }
}

export function pullBody(
  site: Site,
  world: World,
  reader: User | null,
  pull: PullRequest,
  maySee: (other: Repository) => boolean,
): PullBody {
  const base = repositoryById(world, pull.repositoryId)
  if (base === undefined) throw new Error(`pull request ${pull.id} has no repository`)
  const found = repositoryById(world, pull.headRepositoryId)
  const head = found !== undefined && maySee(found) ? found : undefined
  const self = `${site.apiUrl}/repos/${fullName(base)}/pulls/${pull.number}`
  const issue = `${site.apiUrl}/repos/${fullName(base)}/issues/${pull.number}`
  const web = pullWebUrl(site, base, pull)
  const headSha = commitSha(found ?? base, pull.headBranch)
  const author = userById(world, pull.authorId)
  const statuses = `${site.apiUrl}/repos/${fullName(base)}/statuses/${headSha}`
  const reviewComment = `${site.apiUrl}/repos/${fullName(base)}/pulls/comments{/number}`
  return {
    url: self,
    id: pull.id,
    node_id: nodeId('PullRequest', pull.id),
    html_url: web,
    diff_url: `${web}.diff`,
    patch_url: `${web}.patch`,
    issue_url: issue,
    number: pull.number,
    state: isOpen(pull) ? 'open' : 'closed',
    locked: pull.state === 'locked',
    title: pull.title,
    user: author === undefined ? null : simpleUser(site, author),
    body: pull.body,
    created_at: pull.createdAt,
    updated_at: pull.updatedAt,
    closed_at: pull.closedAt,
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.mergedAt === null ? null : commitSha(base, `merge-${pull.number}`),
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    labels: [],
    milestone: null,
    draft: pull.draft,
    commits_url: `${self}/commits`,
    review_comments_url: `${self}/comments`,
    review_comment_url: reviewComment,
    comments_url: `${issue}/comments`,
    statuses_url: statuses,
    head: {
      label: `${head?.owner ?? 'unknown repository'}:${pull.headBranch}`,
      ref: pull.headBranch,
      sha: headSha,
      user: head === undefined ? null : simpleUser(site, ownerOf(world, head)),
      repo: head === undefined ? null : repositoryBody(site, world, reader, head),
    },
    base: {
      label: `${base.owner}:${pull.baseBranch}`,
      ref: pull.baseBranch,
      sha: commitSha(base, pull.baseBranch),
      user: simpleUser(site, ownerOf(world, base)),
      repo: repositoryBody(site, world, reader, base),
    },
    _links: {
      self: { href: self },
      html: { href: web },
      issue: { href: issue },
      comments: { href: `${issue}/comments` },
      review_comments: { href: `${self}/comments` },
      review_comment: { href: reviewComment },
      commits: { href: `${self}/commits` },
      statuses: { href: statuses },
    },
    author_association: 'CONTRIBUTOR',
    auto_merge: null,
    active_lock_reason: null,
  }
}

type IssueBody = Omit<Schemas['issue-search-result-item'], 'body'> & { body: string | null }

/** A pull request in the form of the issue search: no head, no base, and the issue's id. */
export function issueBody(site: Site, world: World, pull: PullRequest, base: Repository): IssueBody {
  const api = `${site.apiUrl}/repos/${fullName(base)}`
  const self = `${api}/issues/${pull.number}`
  const web = pullWebUrl(site, base, pull)
  const author = userById(world, pull.authorId)
  return {
    url: self,
    repository_url: api,
    labels_url: `${self}/labels{/name}`,
    comments_url: `${self}/comments`,
    events_url: `${self}/events`,
    html_url: web,
    id: pull.issueId,
    node_id: nodeId('PullRequest', pull.issueId),
    number: pull.number,
    title: pull.title,
    user: author === undefined ? null : simpleUser(site, author),
    labels: [],
    state: isOpen(pull) ? 'open' : 'closed',
    locked: pull.state === 'locked',
    assignee: null,
    assignees: [],
    milestone: null,
    comments: 0,
    created_at: pull.createdAt,
    updated_at: pull.updatedAt,
    closed_at: pull.closedAt,
    author_association: 'CONTRIBUTOR',
    active_lock_reason: null,
    draft: pull.draft,
    pull_request: {
      url: `${api}/pulls/${pull.number}`,
      html_url: web,
      diff_url: `${web}.diff`,
      patch_url: `${web}.patch`,
      merged_at: pull.mergedAt,
    },
    body: pull.body,
    timeline_url: `${self}/timeline`,
    performed_via_github_app: null,
    state_reason: null,
    score: 1,
  }
}

function pullWebUrl(site: Site, base: Repository, pull: PullRequest): string {
  return `${site.url}/${fullName(base)}/pull/${pull.number}`
}
