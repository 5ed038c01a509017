// Integrations, and what platforms return through them, as JSON.

import { Type } from 'typebox'
import { ownerJson } from '../accounts/schemas.ts'
import type { User } from '../accounts/users.ts'
import type { Organization, PullRequest, Repository } from '../platforms/platform.ts'
import { SCM_TYPES } from '../platforms/scm-types.ts'
import { NullableString, NullableTime, nullable, Owner, oneOf, Time, Uuid } from '../schemas.ts'
import type { Integration } from './integrations.ts'
import { statusNow, statusReasonNow } from './link-status.ts'

export const STATUSES = [
  'ok',
  'token_rejected',
  'expired',
  'scope_missing',
  'forbidden',
] as const satisfies Integration['status'][]

export const Status = oneOf(STATUSES, {
  title: 'LinkStatus',
  description:
    'Whether the link works, as far as its last use has shown. `forbidden`: the platform refuses the account, or this server.',
})

export const ScmTypeSchema = oneOf(SCM_TYPES, { title: 'ScmType' })

export const IntegrationSchema = Type.Object(
  {
    id: Uuid,
    scm_type: ScmTypeSchema,
    url: Type.String({ format: 'iri', description: 'Where the platform is hosted.' }),
    access_token: Type.Optional(Type.String({ description: 'Only in list and show, for bearer tokens.' })),
    created_at: Time,
    uid: Type.String({ description: 'The account’s id on the platform.' }),
    username: Type.String(),
    avatar_url: NullableString,
    email: NullableString,
    profile_url: Type.String(),
    owner: Owner,
    status: Status,
    status_reason: nullable(Type.String({ description: 'Why the status is not `ok`, as a sentence.' })),
    scopes: nullable(Type.Array(Type.String())),
    token_expires_at: NullableTime,
    updated_at: Time,
  },
  { title: 'Integration' },
)

export const IntegrationAnswer = Type.Object({ scm_integration: IntegrationSchema }, { title: 'IntegrationAnswer' })

/** `accessToken` is given only where the caller may see it. */
export function integrationJson(integration: Integration, owner: User, accessToken?: string) {
  return {
    id: integration.id,
    scm_type: integration.scmType,
    url: integration.url,
    ...(accessToken !== undefined && { access_token: accessToken }),
    created_at: integration.createdAt,
    uid: integration.uid,
    username: integration.username,
    avatar_url: integration.avatarUrl,
    email: integration.email,
    profile_url: integration.profileUrl,
    owner: ownerJson(owner),
    status: statusNow(integration),
    status_reason: statusReasonNow(integration),
    scopes: integration.scopes?.split(' ').filter(Boolean) ?? null,
    token_expires_at: integration.tokenExpiresAt,
    updated_at: integration.updatedAt,
  }
}

export const SkippedKey = Type.Object({ title: Type.String(), reason: Type.String() }, { title: 'SkippedKey' })

export const RepositorySchema = Type.Object(
  {
    id: Type.Integer(),
    name: Type.String(),
    fullName: Type.String(),
    url: Type.String(),
    description: NullableString,
    private: nullable(Type.Boolean()),
    fork: Type.Boolean(),
    default_branch: NullableString,
  },
  { title: 'Repository' },
)

export function repositoryJson(repository: Repository) {
  const { id, name, fullName, url, description, fork } = repository
  return {
    id,
    name,
    fullName,
    url,
    description,
    private: repository.private,
    fork,
    default_branch: repository.defaultBranch,
  }
}

export const OrganizationSchema = Type.Object(
  {
    id: Type.Integer(),
    login: Type.String(),
    avatarUrl: NullableString,
    url: Type.String(),
    description: NullableString,
  },
  { title: 'Organization' },
)

export function organizationJson({ id, login, avatarUrl, url, description }: Organization) {
  return { id, login, avatarUrl, url, description }
}

export const PullRequestSchema = Type.Object(
  {
    id: nullable(Type.Integer()),
    number: Type.Integer({ description: 'The number people say: #3, !3.' }),
    title: Type.String(),
    html_url: Type.String(),
    source_repo_name: NullableString,
    source_repo_html_url: NullableString,
    state: oneOf(['open', 'closed', 'merged'] as const satisfies PullRequest['state'][]),
    repo_name: nullable(Type.String({ description: 'The repository that it is in.' })),
    author: nullable(Type.String({ description: 'The user name of who opened it.' })),
    created_at: NullableTime,
    updated_at: NullableTime,
  },
  { title: 'PullRequest' },
)

export function pullRequestJson(pullRequest: PullRequest) {
  return {
    id: pullRequest.id,
    number: pullRequest.number,
    title: pullRequest.title,
    html_url: pullRequest.htmlUrl,
    source_repo_name: pullRequest.sourceRepoName,
    source_repo_html_url: pullRequest.sourceRepoHtmlUrl,
    state: pullRequest.state,
    repo_name: pullRequest.repoName,
    author: pullRequest.author,
    created_at: pullRequest.createdAt,
    updated_at: pullRequest.updatedAt,
  }
}

export const BranchSchema = Type.Object({ name: Type.String() }, { title: 'Branch' })
