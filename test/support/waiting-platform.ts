// A GitHub Enterprise Server that answers searches only when the test lets it, and everything else at once.

import type { ServerResponse } from 'node:http'
import { json, serve, type TestServer } from './fault-server.ts'

export interface WaitingPlatform extends TestServer {
  /** Searches that have arrived and wait. */
  waiting(): number
  /** Answers what waits; what comes later is answered at once. */
  release(): void
}

const ACCOUNT = { id: 42, login: 'alice', type: 'User', html_url: 'https://ghe.example.com/alice' }

export async function startWaitingPlatform(): Promise<WaitingPlatform> {
  const held: ServerResponse[] = []
  let open = false
  const answer = (response: ServerResponse) => json(response, { total_count: 0, items: [] })
  const server = await serve(({ url = '' }, response) => {
    if (!url.startsWith('/api/v3/search/')) {
      json(response, url === '/api/v3/user' ? ACCOUNT : [], {
        'x-oauth-scopes': 'repo, read:org, read:public_key, user',
      })
    } else if (open) answer(response)
    else held.push(response)
  })
  return {
    ...server,
    waiting: () => held.length,
    release() {
      open = true
      for (const response of held.splice(0)) answer(response)
    },
  }
}
