// Finds servers that are only like GitHub: they know `GET /user`, but not all of our calls.
import { Type } from 'typebox'
import { Failure } from '../../failure.ts'
import type { ApiClient } from '../transport/api-client.ts'
import { isVersionUnsupported } from './errors.ts'

export const KEYS = 'GET /user/keys'
const SEARCHES = 'GET /search/repositories'

/**
 * Calls of ours that the server does not know. GitBucket lacks both: its calls are at
 * https://github.com/gitbucket/gitbucket/tree/master/src/main/scala/gitbucket/core/controller/api. Keys are also hidden
 * from a token without their scope, but searches from none.
 */
export async function unknownCalls(api: ApiClient): Promise<string[]> {
  const [hasKeys, hasSearches] = await Promise.all([
    knows(api, '/user/keys?per_page=1'),
    knows(api, '/search/repositories?q=a&per_page=1'),
  ])
  if (hasSearches) return []
  return hasKeys ? [SEARCHES] : [KEYS, SEARCHES]
}

async function knows(api: ApiClient, path: string): Promise<boolean> {
  try {
    await api.get(path, Type.Unknown())
    return true
  } catch (failure) {
    if (!(failure instanceof Failure) || isVersionUnsupported(failure)) throw failure
    return failure.code !== 'scm_not_found' && failure.details.log?.status !== 404
  }
}
