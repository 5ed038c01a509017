// The routes that ask a platform: repositories, organisations, pull requests, branches. The documentation shows some with POST, so both methods work.

import type { TSchema } from 'typebox'
import { Type } from 'typebox'
import { Failure, notFound } from '../../failure.ts'
import { PageQuery, paginationJson, readPage } from '../../http/pagination.ts'
import { answers, IdParams } from '../../http/schemas.ts'
import type { App } from '../../http/server.ts'
import type { Page, PageRequest } from '../../platforms/platform.ts'
import { inTheirWords } from '../../platforms/vendors.ts'
import type { Services } from '../../services.ts'
import { withPlatform } from '../connect.ts'
import {
  BranchSchema,
  ListMeta,
  OrganizationSchema,
  organizationJson,
  PullRequestSchema,
  pullRequestJson,
  RepositorySchema,
  repositoryJson,
} from '../schemas.ts'
import { readPullRequestQuery, readRepositoryName, readRepositoryQuery } from './query.ts'

const tags = ['SCM integrations']

function searchQuery(example: string) {
  return Type.Object({ query: Type.String({ examples: [example] }), ...PageQuery.properties })
}

function listAnswer(root: string, item: TSchema) {
  return answers(200, Type.Object({ [root]: Type.Array(item), meta: ListMeta }))
}

function metaOf(asked: PageRequest, page: Page<unknown>) {
  return { pagination: paginationJson(asked, page), warnings: page.warnings }
}

/** The one call that names a thing which has to be there. */
function repositoryNotFound(error: unknown): never {
  throw error instanceof Failure && error.code === 'scm_not_found' ? notFound('repository', error.details.hint) : error
}

export function searchRoutes(app: App, services: Services): void {
  app.route({
    method: ['GET', 'POST'],
    url: '/v1/scm_integrations/:id/search_repos',
    schema: {
      summary: 'Search repositories: words, fork:true|false, user:NAME',
      tags,
      params: IdParams,
      querystring: searchQuery('example fork:true user:john-diggle'),
      response: listAnswer('repositories', RepositorySchema),
    },
    handler: async ({ user, params, query }) => {
      const wanted = readRepositoryQuery(query.query)
      const asked = readPage(query)
      const page = await withPlatform(
        services,
        user.id,
        params.id,
        (platform) => platform.searchRepositories(wanted, asked),
        { asksForAccount: wanted.user === null },
      )
      return { repositories: page.items.map(repositoryJson), meta: metaOf(asked, page) }
    },
  })

  app.route({
    method: ['GET', 'POST'],
    url: '/v1/scm_integrations/:id/orgs',
    schema: {
      summary: `List your ${inTheirWords(({ organizations }) => organizations)}`,
      tags,
      params: IdParams,
      querystring: PageQuery,
      response: listAnswer('organizations', OrganizationSchema),
    },
    handler: async ({ user, params, query }) => {
      const asked = readPage(query)
      const page = await withPlatform(services, user.id, params.id, (platform) => platform.organizations(asked), {
        asksForAccount: true,
      })
      return { organizations: page.items.map(organizationJson), meta: metaOf(asked, page) }
    },
  })

  app.route({
    method: ['GET', 'POST'],
    url: '/v1/scm_integrations/:id/search_pull_requests',
    schema: {
      summary: `Search ${inTheirWords(({ changeRequest }) => changeRequest.many)}: words, is:open|closed, repo:OWNER/NAME`,
      tags,
      params: IdParams,
      querystring: searchQuery('is:open repo:john-diggle/example-repository'),
      response: listAnswer('pull_requests', PullRequestSchema),
    },
    handler: async ({ user, params, query }) => {
      const wanted = readPullRequestQuery(query.query)
      const asked = readPage(query)
      const page = await withPlatform(
        services,
        user.id,
        params.id,
        (platform) => platform.searchPullRequests(wanted, asked),
        { asksForAccount: wanted.repo === null },
      )
      return { pull_requests: page.items.map(pullRequestJson), meta: metaOf(asked, page) }
    },
  })

  app.get(
    '/v1/scm_integrations/:id/branches',
    {
      schema: {
        summary: 'List the branches of a repository, the default branch first',
        tags,
        params: IdParams,
        querystring: Type.Object({
          repo_name: Type.String({ examples: ['john-diggle/example-repository'] }),
          ...PageQuery.properties,
        }),
        response: listAnswer('branches', BranchSchema),
      },
    },
    async ({ user, params, query }) => {
      const repository = readRepositoryName(query.repo_name)
      const asked = readPage(query)
      const page = await withPlatform(services, user.id, params.id, (platform) =>
        platform.branches(repository, asked).catch(repositoryNotFound),
      )
      return { branches: page.items, meta: metaOf(asked, page) }
    },
  )
}
