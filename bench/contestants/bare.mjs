// The limit: a bare `node:http` handler that runs one query with the raw driver and writes bytes that are ready, without
// authentication.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { servePart } from '../support/part.mjs'
import { openRaw } from '../support/raw-store.mjs'

await servePart(async ({ store, query, body }) => {
  const run = await openRaw(store).prepare(query)
  if ((await run()).length === 0) throw new Error(`nothing is found by: ${query.sql}`)
  const bytes = Buffer.from(body)
  const headers = { 'content-type': 'application/json; charset=utf-8', 'content-length': bytes.length }
  const server = createServer(async (_request, response) => {
    await run()
    response.writeHead(200, headers).end(bytes)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { facts: { url: `http://127.0.0.1:${server.address().port}` } }
})
