// The routes that ask a platform for repositories, organisations, pull requests and branches. The API documents some
// with POST, so both methods work.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TSchema } from 'typebox'
import { type Static, Type } from 'typebox'
import { Failure, notFound } from '../../failure.ts'
import { PLATFORM_FAILURES } from '../../http/failure-schemas.ts'
import { PageQuery, Pagination, paginationJson, readPage } from '../../http/pagination.ts'
import { answers, IdParams } from '../../http/schemas.ts'
import type { App } from '../../http/server.ts'
import type { Page, PageRequest, Platform } from '../../platforms/platform.ts'
import { inTheirWords } from '../../platforms/vendors.ts'
import { withLink, withPlatform } from '../connect.ts'
import { getIntegration, type Integration } from '../integrations.ts'
import {
  BranchSchema,
  OrganizationSchema,
  organizationJson,
  PullRequestSchema,
  pullRequestJson,
  RepositorySchema,
  repositoryJson,
} from '../schemas.ts'
import type { Services } from '../services.ts'
import { maxAgeFrom, type Question } from './fresh-pages.ts'
import { MAX_QUERY_LENGTH, readPullRequestQuery, readRepositoryName, readRepositoryQuery } from './query.ts'

const ListMeta = Type.Object(
  {
    pagination: Pagination,
    warnings: Type.Array(Type.String(), { description: 'What the platform held back; empty when nothing.' }),
  },
  { title: 'ListMeta' },
)

/** What these routes have in common. */
const common = {
  tags: ['SCM integrations'],
  params: IdParams,
  failures: ['not_found' as const, ...PLATFORM_FAILURES],
}

/** The same of those whose answers are given again. */
const fresh = {
  ...common,
  description:
    'The same question within seconds is answered from memory, with the header Age. Cache-Control: no-cache has the platform asked.',
}

const JSON_TYPE = 'application/json; charset=utf-8'

function searchQuery(example: string) {
  return Type.Object({
    query: Type.String({ minLength: 1, maxLength: MAX_QUERY_LENGTH, examples: [example] }),
    ...PageQuery.properties,
  })
}

function listAnswer(root: string, item: TSchema, title: string) {
  return answers(200, Type.Object({ [root]: Type.Array(item), meta: ListMeta }, { title }))
}

function metaOf(asked: PageRequest, page: Page<unknown>) {
  return { pagination: paginationJson(asked, page), warnings: page.warnings }
}

interface FreshList<T> {
  question: Question
  ask(platform: Platform): Promise<Page<T>>
  /** As in `UseOptions`. */
  asksForAccount: boolean
  json(page: Page<T>): unknown
}

/** Sends a page as JSON: as it was answered a moment ago, or as the platform answers now. */
async function answerFresh<T>(
  services: Services,
  { user, params, headers }: Pick<FastifyRequest, 'user' | 'headers'> & { params: Static<typeof IdParams> },
  reply: Pick<FastifyReply, 'type' | 'header' | 'serialize' | 'send'>,
  { question, ask, asksForAccount, json }: FreshList<T>,
): Promise<void> {
  const { freshPages } = services
  const found = await getIntegration(services.database, user.id, params.id)
  const kept = freshPages.find(found, question, maxAgeFrom(headers['cache-control']))
  if (kept) return reply.header('age', kept.ageSeconds).type(JSON_TYPE).send(kept.text)

  const use = async (platform: Platform, link: Integration) => {
    const page = await ask(platform)
    const answer = String(reply.serialize(json(page)))
    // What the platform held back may be there the next time.
    if (page.warnings.length === 0) freshPages.keep(link, question, answer)
    return answer
  }
  const text = await withLink(services, found, use, { asksForAccount })
  return reply.type(JSON_TYPE).send(text)
}

/** For the only call that names an object which must exist. */
function repositoryNotFound(error: unknown): never {
  throw error instanceof Failure && error.code === 'scm_not_found'
    ? notFound('repository', error.details.advice)
    : error
}

export function searchRoutes(app: App, services: Services): void {
  app.route({
    method: ['GET', 'POST'],
    url: '/v1/scm_integrations/:id/search_repos',
    schema: {
      operationId: 'searchRepositories',
      summary: 'Search repositories: words, fork:true|false, user:NAME',
      ...fresh,
      querystring: searchQuery('example fork:true user:john-diggle'),
      response: listAnswer('repositories', RepositorySchema, 'RepositoryList'),
    },
    handler: async (request, reply) => {
      const wanted = readRepositoryQuery(request.query.query)
      const asked = readPage(request.query)
      return answerFresh(services, request, reply, {
        question: { kind: 'search_repos', subject: wanted, ...asked },
        ask: (platform) => platform.searchRepositories(wanted, asked),
        asksForAccount: wanted.user === null,
        json: (page) => ({ repositories: page.items.map(repositoryJson), meta: metaOf(asked, page) }),
      })
    },
  })

  app.route({
    method: ['GET', 'POST'],
    url: '/v1/scm_integrations/:id/orgs',
    schema: {
      operationId: 'listOrganizations',
      ...fresh,
      summary: `List your ${inTheirWords(({ organizations }) => organizations)}`,
      querystring: PageQuery,
      response: listAnswer('organizations', OrganizationSchema, 'OrganizationList'),
    },
    handler: async (request, reply) => {
      const asked = readPage(request.query)
      return answerFresh(services, request, reply, {
        question: { kind: 'orgs', subject: null, ...asked },
        ask: (platform) => platform.organizations(asked),
        asksForAccount: true,
        json: (page) => ({ organizations: page.items.map(organizationJson), meta: metaOf(asked, page) }),
      })
    },
  })

  app.route({
    method: ['GET', 'POST'],
    url: '/v1/scm_integrations/:id/search_pull_requests',
    schema: {
      operationId: 'searchPullRequests',
      ...fresh,
      summary: `Search ${inTheirWords(({ changeRequest }) => changeRequest.many)}: words, is:open|closed, repo:OWNER/NAME`,
      querystring: searchQuery('is:open repo:john-diggle/example-repository'),
      response: listAnswer('pull_requests', PullRequestSchema, 'PullRequestList'),
    },
    handler: async (request, reply) => {
      const wanted = readPullRequestQuery(request.query.query)
      const asked = readPage(request.query)
      return answerFresh(services, request, reply, {
        question: { kind: 'search_pull_requests', subject: wanted, ...asked },
        ask: (platform) => platform.searchPullRequests(wanted, asked),
        asksForAccount: wanted.repo === null,
        json: (page) => ({ pull_requests: page.items.map(pullRequestJson), meta: metaOf(asked, page) }),
      })
    },
  })

  branchesRoute(app, services)
}

function branchesRoute(app: App, services: Services): void {
  app.get(
    '/v1/scm_integrations/:id/branches',
    {
      schema: {
        operationId: 'listBranches',
        summary: 'List the branches of a repository, the default branch first',
        ...common,
        querystring: Type.Object({
          repo_name: Type.String({
            minLength: 3,
            maxLength: MAX_QUERY_LENGTH,
            examples: ['john-diggle/example-repository'],
          }),
          ...PageQuery.properties,
        }),
        response: listAnswer('branches', BranchSchema, 'BranchList'),
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
