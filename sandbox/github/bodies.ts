// GitHub's JSON for people, organisations, keys and branches, typed by its official description.

import { createHash } from 'node:crypto'
import type { components } from '@octokit/openapi-types'
import type { Site } from '../site.ts'
import {
  type Branch,
  fullName,
  type Organization,
  type Repository,
  type SshKey,
  type User,
  type World,
} from '../state.ts'

export type Schemas = components['schemas']

export function simpleUser(site: Site, who: User | Organization | undefined): Schemas['simple-user'] {
  const login = who === undefined ? 'ghost' : 'username' in who ? who.username : who.path
  const id = who?.id ?? 10137
  const type = who === undefined || 'username' in who ? 'User' : 'Organization'
  const self = `${site.apiUrl}/users/${login}`
  return {
    login,
    id,
    node_id: nodeId(type, id),
    avatar_url: `${site.url}/avatars/u/${id}?v=4`,
    gravatar_id: '',
    url: self,
    html_url: `${site.url}/${login}`,
    followers_url: `${self}/followers`,
    following_url: `${self}/following{/other_user}`,
    gists_url: `${self}/gists{/gist_id}`,
    starred_url: `${self}/starred{/owner}{/repo}`,
    subscriptions_url: `${self}/subscriptions`,
    organizations_url: `${self}/orgs`,
    repos_url: `${self}/repos`,
    events_url: `${self}/events{/privacy}`,
    received_events_url: `${self}/received_events`,
    type,
    user_view_type: 'public',
    site_admin: false,
  }
}

export function publicUser(site: Site, world: World, user: User): Schemas['public-user'] {
  const own = world.repositories.filter((repository) => repository.owner === user.username)
  return {
    ...simpleUser(site, user),
    name: user.name,
    company: null,
    blog: '',
    location: null,
    email: user.publicEmail,
    hireable: null,
    bio: null,
    twitter_username: null,
    public_repos: own.filter((repository) => repository.visibility === 'public').length,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: user.createdAt,
    updated_at: user.createdAt,
  }
}

/** A user's own profile; GitHub adds the private part only for tokens with the `user` scope. */
export function privateUser(site: Site, world: World, user: User): Schemas['private-user'] {
  const own = world.repositories.filter((repository) => repository.owner === user.username)
  const secret = own.filter((repository) => repository.visibility !== 'public').length
  return {
    ...publicUser(site, world, user),
    user_view_type: 'private',
    notification_email: user.publicEmail,
    private_gists: 0,
    total_private_repos: secret,
    owned_private_repos: secret,
    disk_usage: 1024,
    collaborators: 0,
    two_factor_authentication: true,
    plan: { name: 'pro', space: 976_562_499, collaborators: 0, private_repos: 9999 },
  }
}

export function keyBody(site: Site, key: SshKey): Schemas['key'] {
  return {
    id: key.id,
    key: key.key,
    url: `${site.apiUrl}/user/keys/${key.id}`,
    title: key.title,
    verified: true,
    created_at: key.createdAt,
    read_only: false,
    last_used: null,
  }
}

export function organizationBody(site: Site, organization: Organization): Schemas['organization-simple'] {
  const self = `${site.apiUrl}/orgs/${organization.path}`
  return {
    login: organization.path,
    id: organization.id,
    node_id: nodeId('Organization', organization.id),
    url: self,
    repos_url: `${self}/repos`,
    events_url: `${self}/events`,
    hooks_url: `${self}/hooks`,
    issues_url: `${self}/issues`,
    members_url: `${self}/members{/member}`,
    public_members_url: `${self}/public_members{/member}`,
    avatar_url: `${site.url}/avatars/u/${organization.id}?v=4`,
    description: organization.description,
  }
}

export function membershipBody(site: Site, organization: Organization, user: User): Schemas['org-membership'] {
  const url = `${site.apiUrl}/orgs/${organization.path}`
  return {
    url: `${url}/memberships/${user.username}`,
    state: 'active',
    role: 'member',
    organization_url: url,
    organization: organizationBody(site, organization),
    user: simpleUser(site, user),
  }
}

export function branchBody(site: Site, repository: Repository, branch: Branch): Schemas['short-branch'] {
  const self = `${site.apiUrl}/repos/${fullName(repository)}`
  const sha = commitSha(repository, branch.name)
  return {
    name: branch.name,
    commit: { sha, url: `${self}/commits/${sha}` },
    protected: branch.protected,
    protection: {
      enabled: branch.protected,
      required_status_checks: { enforcement_level: 'off', contexts: [], checks: [] },
    },
    protection_url: `${self}/branches/${encodeURI(branch.name).replaceAll('#', '%23')}/protection`,
  }
}

export function branchDetail(
  site: Site,
  repository: Repository,
  branch: Branch,
  author: User | undefined,
): Schemas['branch-with-protection'] {
  const short = branchBody(site, repository, branch)
  const { sha } = short.commit
  const self = `${site.apiUrl}/repos/${fullName(repository)}`
  const person = { name: author?.name ?? 'Ghost', email: 'noreply@example.test', date: repository.updatedAt }
  return {
    name: branch.name,
    protected: branch.protected,
    protection: { enabled: branch.protected },
    protection_url: short.protection_url ?? '',
    _links: {
      self: `${self}/branches/${encodeURI(branch.name)}`,
      html: `${site.url}/${fullName(repository)}/tree/${encodeURI(branch.name)}`,
    },
    commit: {
      sha,
      node_id: nodeId('Commit', repository.id),
      url: `${self}/commits/${sha}`,
      html_url: `${site.url}/${fullName(repository)}/commit/${sha}`,
      comments_url: `${self}/commits/${sha}/comments`,
      commit: {
        author: person,
        committer: person,
        message: `Work on ${branch.name}`,
        tree: { sha, url: `${self}/git/trees/${sha}` },
        url: `${self}/git/commits/${sha}`,
        comment_count: 0,
      },
      author: simpleUser(site, author),
      committer: simpleUser(site, author),
      parents: [],
    },
  }
}

export function commitSha(repository: Repository, branch: string): string {
  return createHash('sha1').update(`${repository.id}/${branch}`).digest('hex')
}

export function nodeId(type: string, id: number): string {
  return Buffer.from(`${type.length}:${type}${id}`).toString('base64')
}
