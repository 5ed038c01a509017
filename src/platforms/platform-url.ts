// Reads the `url` of a platform that a user typed: its web and API addresses, or what is wrong and which address to
// use.

import ipaddr from 'ipaddr.js'
import type { Hint } from '../failure.ts'
import type { LogEvents } from '../log-events.ts'
import type { ScmType } from './scm-types.ts'
import type { AddressPolicy } from './transport/connect/address.ts'
import { isLocalName, mayBeOpened, targetOf } from './transport/connect/address.ts'
import type { Vendor, VendorAddresses } from './vendor.ts'
import { VENDOR_NAMES, vendorOf, vendors } from './vendors.ts'

export interface PlatformAddress {
  /**
   * As typed, but without one trailing slash, and with scheme and host in lower case; our API returns it in this form.
   */
  url: string
  /** The root of pages and OAuth: normalised, without default port and trailing slash. */
  webUrl: string
  /** The root of the REST API, without trailing slash. */
  apiUrl: string
  /** Two spellings of the same address have the same key. */
  key: string
}

export interface UrlProblem {
  /** Why the address is rejected and what to type instead. */
  problem: string
  /** The same for programs, when another address would work. */
  hint?: Hint
  /** For the operator's log when the address policy forbids it: host, range and the setting to change. */
  logged?: LogEvents['scm_address_refused']
}

/** Maximum length of `url` in characters. */
export const MAX_URL_LENGTH = 2048

/**
 * The characters of platforms' paths. Excludes disguised `..`, control characters, and what proxies read differently.
 */
const PATH_SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9._~!$&'()*+,;=:@-]+$/

const ALL_ADDRESSES: VendorAddresses[] = VENDOR_NAMES.map((name) => vendors[name].addresses)

/**
 * Reads the `url` of a self-hosted platform. When it is rejected, `problem` says why and what to type instead; it
 * continues after the field's name, or is a sentence of its own. `ownUrl` is our own public address, which is not a
 * platform. Nothing is resolved or contacted here: the transport checks where a name leads.
 */
export function readPlatformUrl(
  scmType: ScmType,
  text: string,
  policy: AddressPolicy,
  ownUrl: string,
): PlatformAddress | UrlProblem {
  const read = readWebUrl(text, vendorOf(scmType), policy, ownUrl)
  return 'problem' in read ? read : { ...roots(scmType, read.webUrl), url: read.url }
}

/** The same when the kind of platform is not known. A path is accepted, since some platforms have one. */
export function readAnyPlatformUrl(
  text: string,
  policy: AddressPolicy,
  ownUrl: string,
): Pick<PlatformAddress, 'webUrl' | 'url'> | UrlProblem {
  return readWebUrl(text, null, policy, ownUrl)
}

function readWebUrl(
  text: string,
  vendor: Vendor | null,
  policy: AddressPolicy,
  ownUrl: string,
): Pick<PlatformAddress, 'webUrl' | 'url'> | UrlProblem {
  if (text.length > MAX_URL_LENGTH) return problem('is longer than 2,048 characters')
  const shape = problemOfShape(text)
  if (shape !== null) return shape
  const url = URL.parse(text)
  const target = url && targetOf(url)
  if (!url || !target) return problem('is not an address: its host name or port does not exist')

  const [head = '', authority = ''] = /^https?:\/\/([^/?#]*)/i.exec(text) ?? []
  const origin = `${url.protocol}//${url.host.replace(/\.(?=:\d+$|$)/, '')}`
  const path = text.slice(head.length).replace(/[?#].*$/, '')
  if (authority.includes('@')) return otherAddress('must not contain a user name or password', origin)
  if (target.host === '' || target.host.endsWith('.')) return problem('is not an address: its host name is incomplete')

  const hosted = hostedBehind(target.host)
  if (hosted) {
    return problem(`is ${hosted} itself, whose accounts are linked by signing in there, on the profile page`)
  }
  const mayHavePath = vendor === null || vendor.addresses.pagePaths !== null
  const pastedBelow = rootAbove(
    path,
    ALL_ADDRESSES.flatMap(({ apiPaths }) => apiPaths),
  )
  const prefix = mayHavePath ? (pastedBelow ?? path).replace(/\/+$/, '') : ''
  const tenant = tenantBehind(target.host)
  const instead = tenant ? `https://${tenant}` : prefix.split('/').slice(1).every(isSegment) ? origin + prefix : origin
  if (tenant) return otherAddress('is the address of the API', instead)
  if (/[?#]/.test(text)) return otherAddress('must not contain a query or a fragment', instead)
  if (pastedBelow !== null) return otherAddress('is the address of the API', instead)
  const segments = path.replace(/\/$/, '').split('/').slice(1)
  if (!segments.every(isSegment)) return problem(`has a path that is no platform's; use an address such as ${instead}`)
  if (!mayHavePath && segments.length > 0) {
    return otherAddress(`must not contain a path, since ${vendor.words.server} has none`, instead)
  }

  const webUrl = [origin, ...segments].join('/')
  if (isOwn(webUrl, ownUrl)) return problem('is the address of this service itself, not of a platform')
  const violation = policy.checkTarget(target)
  if (violation) {
    const plainHttp = target.protocol === 'http:' && violation.log.range === 'http'
    const violated = plainHttp
      ? otherAddress('is not an https address', webUrl.replace(/^http:/, 'https:'))
      : { problem: violation.message, ...(mayBeOpened(violation) && { hint: ASK_OPERATOR }) }
    return { ...violated, logged: violation.log }
  }
  const given = head.toLowerCase() + text.slice(head.length).replace(/\/$/, '')
  return { webUrl, url: given }
}

/** The vendor's own platform, which is linked by OAuth, when `host` is one of its names. */
function hostedBehind(host: string): string | undefined {
  return hostedHosts().find((hosted) => [hosted, `www.${hosted}`, `api.${hosted}`].includes(host))
}

/** The main host of a tenant, when `host` is the host of its API: `acme.ghe.com` of `api.acme.ghe.com`. */
function tenantBehind(host: string): string | undefined {
  if (!host.startsWith('api.')) return undefined
  const mains = ALL_ADDRESSES.map(({ mainHost }) => mainHost(host))
  return mains.find((main) => main !== null && !hostedHosts().includes(main)) ?? undefined
}

function hostedHosts(): string[] {
  return ALL_ADDRESSES.map(({ hosted }) => new URL(hosted).host)
}

/** The part of `path` before one of `paths`; null when it contains none of them. */
function rootAbove(path: string, paths: string[]): string | null {
  const alternatives = [...new Set(paths)].map((each) => each.replace(/[.*+?^${}()|[\]\\-]/g, '\\$&')).join('|')
  return new RegExp(`^(.*?)/+(?:${alternatives})(?:/.*)?$`, 'i').exec(path)?.[1] ?? null
}

/** The addresses of a configured `GITHUB_URL` or `GITLAB_URL`. They are not checked, since the operator chose them. */
export function platformAddress(scmType: ScmType, url: string): PlatformAddress {
  return { ...roots(scmType, new URL(url).href.replace(/\/$/, '')), url }
}

function roots(scmType: ScmType, webUrl: string): Omit<PlatformAddress, 'url'> {
  return { webUrl, apiUrl: vendorOf(scmType).addresses.apiUrl(webUrl), key: webUrl }
}

/**
 * URL parsing silently corrects some mistakes, and the address might then be another than the user meant: reject those.
 */
function problemOfShape(text: string): UrlProblem | null {
  if (text.includes('\\')) return problem('must not contain a backslash')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern searches for these
  if (/[\u0000-\u0020\u007f-\u00a0\u2028\u2029\ufeff]/.test(text)) {
    return problem('must not contain spaces, tabs, line breaks or control characters')
  }
  if (/^https?:\/\/[^/]/i.test(text)) return null
  if (/^https?:/i.test(text)) return problem('is not an address: two slashes and a host name must follow "https:"')
  const bare = /^(?:\/\/)?([a-z0-9][a-z0-9.-]*(?::\d{1,5})?(?:\/[a-z0-9._/-]*)?)$/i.exec(text)?.[1]
  if (bare) return otherAddress('must start with https://', `https://${bare.replace(/\/$/, '')}`)
  return problem('is not an https address; it must start with https://')
}

function isSegment(segment: string): boolean {
  return PATH_SEGMENT.test(segment)
}

/**
 * Whether it is our own address: the same host and port (all names of this machine count as one), and below our path.
 */
export function isOwn(address: string, ownUrl: string): boolean {
  const [theirs, ours] = [new URL(address), new URL(ownUrl)]
  if (hostAndPort(theirs) !== hostAndPort(ours)) return false
  const own = ours.pathname.replace(/\/$/, '')
  // Our server treats doubled slashes as one.
  const path = theirs.pathname.replace(/\/{2,}/g, '/')
  return own === '' || path === own || path.startsWith(`${own}/`)
}

function hostAndPort(url: URL): string {
  const target = targetOf(url)
  if (!target) return ''
  const { host, port } = target
  const loopback = isLocalName(host) || (ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback')
  return `${loopback ? 'localhost' : host}:${port}`
}

function problem(text: string): UrlProblem {
  return { problem: text }
}

const ASK_OPERATOR: Hint = { action: 'ask_operator', field: 'url' }

function otherAddress(why: string, url: string): UrlProblem {
  return { problem: `${why}; use ${url}`, hint: { action: 'use_address', field: 'url', url } }
}
