// Addresses of platforms: which may become a link, and how they are shown.

import type { Integration } from './api.ts'

/** The address if it is http(s); anything else never becomes a link. */
export function webAddress(address: string | null): string | null {
  if (!address || !URL.canParse(address)) return null
  const { protocol, href, host } = new URL(address)
  return host !== '' && (protocol === 'https:' || protocol === 'http:') ? href : null
}

/** What people type, as an address: `ghe.corp.lan` becomes `https://ghe.corp.lan`. All else stays as it is. */
export function withScheme(typed: string): string {
  const text = typed.trim()
  return /^[a-z0-9][a-z0-9.-]*(:\d{1,5})?(\/.*)?$/i.test(text) ? `https://${text}` : text
}

export function hostOf(address: string): string {
  return address.replace(/^https?:\/\//, '')
}

/** "alice on ghes.example.com". */
export function nameOfLink({ username, url }: Integration): string {
  return `${username} on ${hostOf(url)}`
}
