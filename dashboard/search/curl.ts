// The present search as a curl command.

import { type SearchCall, searchPath } from '../api.ts'

interface Search {
  call: SearchCall
  link: string
  query: string
  page: number
}

export function curlOfSearch(publicUrl: string, { call, ...search }: Search): string {
  const address = `${publicUrl}${searchPath(call, search)}`.replaceAll("'", '%27')
  return `curl -H "Authorization: Bearer $BEARER_TOKEN" \\\n  '${address}'`
}
