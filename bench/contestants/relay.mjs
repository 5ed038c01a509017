// The least that a service between a caller and a platform can do: ask with undici, parse, keep a few members, and write
// them. No authentication, no store, no limits.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { Pool } from 'undici'
import { servePart } from '../support/part.mjs'

const MAX_CONNECTIONS = 32

await servePart(async ({ origin }) => {
  const platform = new Pool(origin, { connections: MAX_CONNECTIONS })
  const server = createServer(async ({ url, headers: { authorization } }, response) => {
    const { body } = await platform.request({
      path: url,
      method: 'GET',
      headers: { authorization, 'user-agent': 'bench' },
    })
    const answer = await body.json()
    const items = (answer.items ?? answer).map(({ id, name, html_url, web_url, description, owner }) => {
      return { id, name, url: html_url ?? web_url, description, owner }
    })
    const bytes = Buffer.from(JSON.stringify({ items }))
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { facts: { url: `http://127.0.0.1:${server.address().port}` } }
})
