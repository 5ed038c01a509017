// How a call is made: by undici, or by the client that one would take for GitHub or GitLab. All read the answer as JSON.

import { Gitlab } from '@gitbeaker/rest'
import { Octokit } from '@octokit/core'
import { Pool } from 'undici'

const MAX_CONNECTIONS = 32
/** gitbeaker waits when there are more calls a minute than it believes the platform takes. */
const NO_LIMIT = { '**': 1_000_000_000 }

export function openCallers() {
  const pools = keep((origin) => new Pool(origin, { connections: MAX_CONNECTIONS, pipelining: 1 }))
  const octokits = keep((baseUrl, auth) => new Octokit({ baseUrl, auth }))
  const gitlabs = keep((host, token) => new Gitlab({ host, token, rateLimits: NO_LIMIT }))
  async function undici({ origin, path, method = 'GET', headers, body }) {
    const { statusCode, body: answer } = await pools(origin).request({ path, method, headers, body })
    const text = await answer.text()
    if (statusCode >= 300) throw new Error(`${method} ${path} was answered ${statusCode}: ${text.slice(0, 500)}`)
    return JSON.parse(text)
  }
  return {
    /** `{ origin, path, method, headers, body }` */
    undici,
    /** `{ pages }`, each a call as of `undici`, one after another. */
    async undiciPages({ pages }) {
      for (const page of pages) await undici(page)
    },
    /** As `undici`, but the answer stays bytes, for servers so quick that reading it would be most of the work. */
    bytes(call) {
      return new Promise((resolve, reject) => pools(call.origin).dispatch(call, readBytes(call, resolve, reject)))
    },
    /** `{ apiUrl, token, route, parameters }` */
    octokit: ({ apiUrl, token, route, parameters }) => octokits(apiUrl, token).request(route, parameters),
    /** `{ url, token, resource, options }` */
    gitbeaker: ({ url, token, resource, options }) => gitlabs(url, token)[resource].all(options),
  }
}

function readBytes({ path }, resolve, reject) {
  return {
    onRequestStart() {},
    onResponseStart(_controller, statusCode) {
      if (statusCode >= 300) reject(new Error(`${path} was answered ${statusCode}`))
    },
    onResponseData() {},
    onResponseEnd: resolve,
    onResponseError: (_controller, error) => reject(error),
  }
}

/** What `open` gives for the same words is opened once. */
function keep(open) {
  const opened = new Map()
  return (...words) => {
    const key = words.join(' ')
    if (!opened.has(key)) opened.set(key, open(...words))
    return opened.get(key)
  }
}
