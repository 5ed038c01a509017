// Finds out which platform is at an address, as far as it tells that without a token.

import { membersOf } from './answers.ts'
import { hasCode } from './failures.ts'
import type { VendorName } from './scm-types.ts'
import { sunsetOf } from './transport/guards/server-notes.ts'
import type { Transport } from './transport/transport.ts'
import type { Identified, ProbeAnswer, ProbeQuestion } from './vendor.ts'
import { VENDOR_NAMES, vendors } from './vendors.ts'

export interface Probed {
  /** null when it is no platform that we know. */
  found: (Identified & { vendor: VendorName }) | null
  /** The status of each vendor's API address. */
  statuses: { url: string; status: number }[]
  /** The server's clock, ISO 8601; null when it does not say. */
  time: string | null
  /** When the server ends the API version that we ask for, ISO 8601; null when it announces no end. */
  sunset: string | null
}

/** Calls each vendor's API below `webUrl` without any token. Throws a `Failure`. */
export async function probe(transport: Transport, webUrl: string): Promise<Probed> {
  const answers: ProbeAnswer[] = []
  let found: Probed['found'] = null
  for (const vendor of VENDOR_NAMES) {
    const { identify } = vendors[vendor]
    const answer = await ask(transport, webUrl, identify.question(webUrl))
    found ??= named(vendor, identify.read(webUrl, answer))
    answers.push(answer)
  }
  found ??= await findMore(transport, webUrl)
  const date = Date.parse(answers.at(-1)?.headers.date ?? '')
  return {
    found,
    statuses: answers.map(({ url, status }) => ({ url, status })),
    time: Number.isNaN(date) ? null : new Date(date).toISOString(),
    sunset: answers.map(({ headers }) => sunsetOf(headers)).find((sunset) => sunset !== null) ?? null,
  }
}

async function findMore(transport: Transport, webUrl: string): Promise<Probed['found']> {
  for (const vendor of VENDOR_NAMES) {
    const more = await vendors[vendor].identify.readMore?.(webUrl, (question) => ask(transport, webUrl, question))
    if (more) return named(vendor, more)
  }
  return null
}

const MAX_VERSION_LENGTH = 40

/** The version is text from the server, so it is cleaned. */
function named(vendor: VendorName, identified: Identified | null): Probed['found'] {
  if (identified === null) return null
  const version = identified.version?.replace(/[^\w.+-]/g, '?').slice(0, MAX_VERSION_LENGTH) ?? null
  return { ...identified, vendor, version }
}

async function ask(transport: Transport, webUrl: string, question: ProbeQuestion): Promise<ProbeAnswer> {
  const { limits } = transport
  const url = new URL(question.url)
  try {
    const { status, headers, body } = await transport.probe({
      method: 'GET',
      url,
      headers: { accept: 'application/json', ...question.headers },
      body: null,
      endpoint: transport.endpointOf(url),
      maxBytes: limits.object,
      scope: 'probe',
      root: new URL(webUrl).origin,
      deadline: Date.now() + limits.headers,
    })
    return { url: question.url, status, headers, members: membersOf(body) }
  } catch (failure) {
    // A redirect, for example to a sign-in page, means that this vendor's API is not there.
    if (hasCode(failure, 'scm_redirected')) return { url: question.url, status: 302, headers: {}, members: {} }
    throw failure
  }
}
