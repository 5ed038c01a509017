// Reads the settings that name hosts, addresses and address ranges.

import ipaddr from 'ipaddr.js'
import { shown } from './values.ts'

/** One entry of `ALLOWED_HOSTS`: what may be contacted besides public https addresses. `port` null means any. */
export type AllowedHost = { text: string; port: number | null; plainHttp: boolean } & (
  | { kind: 'host'; host: string } // a name or an IP literal (IPv6 without brackets), lower case
  | { kind: 'suffix'; suffix: string } // ".corp.lan" of "*.corp.lan"
  | { kind: 'range'; range: string } // a CIDR
  | { kind: 'private' } // RFC 1918, fc00::/7 and 100.64.0.0/10
)

/** ipaddr.js also accepts `10`, `127.1` and `0x7f.1`, which nobody writes on purpose. */
function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes('%'))
}

function isRange(text: string): boolean {
  return ipaddr.isValidCIDR(text) && isAddress(text.split('/')[0] ?? '')
}

export function parseRange(text: string): string {
  if (isAddress(text)) return `${text}/${ipaddr.parse(text).kind() === 'ipv4' ? 32 : 128}`
  if (isRange(text)) return text
  throw new Error(`must list addresses or ranges such as 10.0.0.0/8, not ${shown(text)}`)
}

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/

/** URL parsing reads a name whose last label is a number as an IPv4 address; here it is a typing mistake. */
function isHostName(text: string): boolean {
  return HOST_NAME.test(text) && !/(^|\.)(\d+|0x[0-9a-f]*)$/.test(text)
}

export function parseListenHost(text: string): string {
  if (isAddress(text) || isHostName(text.toLowerCase())) return text
  throw new Error(`must be an address or name of this machine such as 0.0.0.0, :: or localhost, not ${shown(text)}`)
}

export function parseServerName(text: string): string {
  const name = text.toLowerCase()
  if (isHostName(name) || isAddress(name)) return name.includes(':') ? `[${name}]` : name
  throw new Error(`must list host names such as forgelink.corp.lan, not ${shown(text)}`)
}

/** `host`, `*.suffix`, `host:port`, an IP, a CIDR, `private`, `http://host:port`. */
export function parseAllowedHost(entry: string): AllowedHost {
  const text = entry.toLowerCase()
  const problem = new Error(
    `must list hosts such as gitlab.corp.lan, *.corp.lan, gitlab.corp.lan:8443, 10.0.0.0/8, private or http://localhost:8080, not ${shown(entry)}`,
  )
  if (text === 'private') return { kind: 'private', text, port: null, plainHttp: false }
  if (isRange(text)) return { kind: 'range', range: text, text, port: null, plainHttp: false }
  if (isAddress(text)) return { kind: 'host', host: text, text, port: null, plainHttp: false }

  const plainHttp = text.startsWith('http://')
  const [, name, digits] = /^(\[[0-9a-f:.]+\]|[^:/[\]]+)(?::(\d{1,5}))?$/.exec(text.replace(/^https?:\/\//, '')) ?? []
  const port = digits ? Number(digits) : null
  if (!name || port === 0 || (port ?? 0) > 65535 || (plainHttp && port === null)) throw problem
  const rest = { text, port, plainHttp }
  if (name.startsWith('[')) {
    const host = name.slice(1, -1)
    if (!ipaddr.IPv6.isValid(host)) throw problem
    return { kind: 'host', host, ...rest }
  }
  if (name.startsWith('*.')) {
    if (!isHostName(name.slice(2)) || plainHttp) throw problem
    return { kind: 'suffix', suffix: name.slice(1), ...rest }
  }
  if (name === 'private' || (!isHostName(name) && !isAddress(name))) throw problem
  return { kind: 'host', host: name, ...rest }
}

/** The operator has named these platforms and issuers, so they may be private or on loopback, like any other entry. */
export function entryForPlatform(platformUrl: string): AllowedHost {
  const url = new URL(platformUrl)
  const plainHttp = url.protocol === 'http:'
  const port = Number(url.port) || (plainHttp ? 80 : 443)
  return parseAllowedHost(`${plainHttp ? 'http://' : ''}${url.hostname}:${port}`)
}
