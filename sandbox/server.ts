// One simulated platform as a real HTTP server: receives calls, logs them, and applies faults to the answers.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { controlReply } from './control.ts'
import { faultTable } from './faults/table.ts'
import { type Call, header, json, type Reply } from './http.ts'
import type { RequestRecord, Running } from './running.ts'
import type { Site } from './site.ts'

const MAX_RECORDS = 1000
const MAX_BODY_BYTES = 1024 * 1024

export function listen(host: string, port: number, running: () => Running): Promise<Server> {
  const server = createServer((request, response) => {
    take(running(), request, response).catch(() => response.destroy())
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

async function take(running: Running, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const call = await callFrom(request)
  const send = (reply: Reply) => write(call, request, response, reply)
  const control = controlPath(running.site, call.path)
  if (control !== undefined) return send(controlReply(running, { ...call, path: control }))
  const record = remember(running, call, request)
  running.inFlight++
  response.once('close', () => {
    running.inFlight--
    if (response.headersSent) record.status = response.statusCode
  })
  const usual = () => answer(running, call)
  const rule = running.faults.meet(call)
  if (rule === undefined) return send(usual())
  faultTable[rule.fault]({ request, response, site: running.site, call, rule, usual, send })
}

/** Accepted below the printed address as well as directly below the port. */
function controlPath({ basePath }: Site, path: string): string | undefined {
  const inside = path.startsWith(basePath) ? path.slice(basePath.length) : path
  return inside.startsWith('/_sandbox/') ? inside : undefined
}

async function callFrom(request: IncomingMessage): Promise<Call> {
  const [path = '/', ...query] = (request.url ?? '/').split('?')
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > MAX_BODY_BYTES) throw new Error('the body is too long')
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks).toString()
  const { method = 'GET', headers } = request
  return {
    method: method === 'HEAD' ? 'GET' : method,
    path,
    query: new URLSearchParams(query.join('?')),
    headers,
    body,
  }
}

function remember(running: Running, call: Call, request: IncomingMessage): RequestRecord {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(call.headers)) headers[name] = String(value)
  const record: RequestRecord = {
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    headers,
    body: call.body.slice(0, 10_000),
    time: new Date().toISOString(),
    status: null,
  }
  running.requests.push(record)
  if (running.requests.length > MAX_RECORDS) running.requests.shift()
  return record
}

function answer({ site, world }: Running, call: Call): Reply {
  try {
    return site.vendor.answer(site, world, call)
  } catch (error) {
    return json(500, { message: `The sandbox itself failed: ${error instanceof Error ? error.stack : error}` })
  }
}

/** Compressed when the caller accepts gzip, as the platforms do. */
function write(call: Call, request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  const plain = Buffer.from(reply.body)
  const packs = plain.length > 1400 && /\bgzip\b/.test(header(call, 'accept-encoding') ?? '')
  const body = packs ? gzipSync(plain, { level: 1 }) : plain
  const noBody = reply.status === 204 || reply.status === 304
  response.writeHead(reply.status, {
    ...reply.headers,
    ...(packs ? { 'content-encoding': 'gzip' } : {}),
    ...(noBody ? {} : { 'content-length': String(body.length) }),
  })
  response.end(noBody || request.method === 'HEAD' ? undefined : body)
}
