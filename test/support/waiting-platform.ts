// A GitHub Enterprise Server that answers some calls only when the test lets it, and everything else at once.

import type { ServerResponse } from 'node:http'
import { json, serve, type TestServer } from './fault-server.ts'
import { ed25519Key } from './public-keys.ts'

export interface WaitingPlatform extends TestServer {
  /** Calls that have arrived and wait. */
  waiting(): number
  /** Answers what waits; what comes later is answered at once. */
  release(): void
  /** Lets calls wait again. */
  hold(): void
}

const ACCOUNT = { id: 42, login: 'alice', type: 'User', html_url: 'https://ghe.example.com/alice' }

/** `held`: the paths below the API's root whose calls wait. */
export async function startWaitingPlatform(held = /^\/search\//): Promise<WaitingPlatform> {
  const waiting: (() => void)[] = []
  let open = false
  const server = await serve(({ url = '' }, response) => {
    const path = url.replace('/api/v3', '')
    const answer = () => answerTo(path, response)
    if (open || !held.test(path)) answer()
    else waiting.push(answer)
  })
  return {
    ...server,
    waiting: () => waiting.length,
    release() {
      open = true
      for (const answer of waiting.splice(0)) answer()
    },
    hold() {
      open = false
    },
  }
}

function answerTo(path: string, response: ServerResponse): void {
  const scopes = { 'x-oauth-scopes': 'repo, read:org, read:public_key, user' }
  if (path === '/user') json(response, ACCOUNT, scopes)
  else if (path.startsWith('/user/keys')) json(response, [{ id: 1, key: ed25519Key(42), title: 'laptop' }], scopes)
  else if (path.startsWith('/search/')) json(response, { total_count: 0, items: [] }, scopes)
  else json(response, [], scopes)
}
