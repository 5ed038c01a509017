// The same search as a command line.

import { searchPath } from '../api.ts'

interface Search {
  call: 'search_repos' | 'search_pull_requests'
  link: string
  query: string
  page: number
}

export function curlOfSearch(publicUrl: string, { call, ...search }: Search): string {
  return `curl -H "Authorization: Bearer $BEARER_TOKEN" '${publicUrl}${searchPath(call, search).replaceAll("'", '%27')}'`
}
