// A platform that gives recorded answers over real HTTP, and to any other question one that no test expects.

import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Connection, Platform } from '../../src/platforms/platform.ts'
import type { ScmType } from '../../src/platforms/scm-types.ts'
import { createTransport } from '../../src/platforms/transport/transport.ts'
import { createPlatform } from '../../src/platforms/vendors.ts'

/** `{web}` and `{api}` in headers and body stand for the platform's own addresses. */
export interface Recording {
  /** Path and query below the REST root, or below the web root after a `^`. */
  path: string
  status?: number
  headers?: Record<string, string>
  /** JSON; a string goes out as it is. */
  body?: unknown
}

export interface RecordedPlatform {
  webUrl: string
  apiUrl: string
  platform: Platform
  /** What was asked: paths and queries below the REST root. */
  asked: string[]
  /** Headers of the last question. */
  lastHeaders: () => IncomingHttpHeaders
  close: () => Promise<void>
}

const ROOTS = {
  github: { webUrl: '', apiUrl: '' },
  'github-enterprise': { webUrl: '', apiUrl: '/api/v3' },
  gitlab: { webUrl: '', apiUrl: '/api/v4' },
  'gitlab-self-hosted': { webUrl: '/gitlab', apiUrl: '/gitlab/api/v4' },
} satisfies Record<ScmType, unknown>

/** All recordings in a folder of JSON files, each a list. */
export function readRecordings(folder: URL): Recording[] {
  return readdirSync(folder).flatMap((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Recording[])
}

export async function startRecordedPlatform(
  scmType: ScmType,
  recordings: Recording[],
  own: Pick<Partial<Connection>, 'hasWorked' | 'granted'> = {},
): Promise<RecordedPlatform> {
  const asked: string[] = []
  let headers: IncomingHttpHeaders = {}
  const server = createServer((request, response) => {
    const { webUrl, apiUrl } = ROOTS[scmType]
    const url = request.url ?? ''
    const path = url.startsWith(`${apiUrl}/`) ? url.slice(apiUrl.length) : `^${url.slice(webUrl.length)}`
    asked.push(path)
    headers = request.headers
    const found = recordings.find((recording) => recording.path === path)
    const answer = found ?? { path, status: 418, body: { not_recorded: path } }
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
    const filled = (value: string) =>
      value.replaceAll('{web}', origin() + webUrl).replaceAll('{api}', origin() + apiUrl)
    response.writeHead(answer.status ?? 200, {
      'content-type': 'application/json; charset=utf-8',
      ...Object.fromEntries(Object.entries(answer.headers ?? {}).map(([name, value]) => [name, filled(value)])),
    })
    response.end(filled(text ?? ''))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  function port(): number {
    return (server.address() as AddressInfo).port
  }

  function origin(): string {
    return `http://127.0.0.1:${port()}`
  }

  const transport = createTransport({
    allowedHosts: [{ kind: 'host', host: '127.0.0.1', port: port(), plainHttp: true, text: origin() }],
    extraCaCerts: null,
    httpsProxy: null,
    noProxy: [],
    limits: { retryMin: 1, retryMax: 2 },
  })
  const webUrl = origin() + ROOTS[scmType].webUrl
  const apiUrl = origin() + ROOTS[scmType].apiUrl
  return {
    webUrl,
    apiUrl,
    asked,
    platform: createPlatform(transport, {
      scmType,
      webUrl,
      apiUrl,
      token: 'example-token',
      link: 'link-1',
      account: 'a',
      hasWorked: false,
      ...own,
    }),
    lastHeaders: () => headers,
    async close() {
      await transport.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
