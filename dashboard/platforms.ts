// What people call the four kinds of platforms, and which tokens the self-hosted ones want.

import type { Integration, ScmType } from './api.ts'

interface PlatformFacts {
  vendor: 'github' | 'gitlab'
  label: string
  selfHosted: boolean
  /** What their pull requests are called there. */
  changes: string
}

export const platforms: Record<ScmType, PlatformFacts> = {
  github: { vendor: 'github', label: 'GitHub', selfHosted: false, changes: 'pull requests' },
  gitlab: { vendor: 'gitlab', label: 'GitLab', selfHosted: false, changes: 'merge requests' },
  'github-enterprise': {
    vendor: 'github',
    label: 'GitHub Enterprise Server',
    selfHosted: true,
    changes: 'pull requests',
  },
  'gitlab-self-hosted': { vendor: 'gitlab', label: 'GitLab self-hosted', selfHosted: true, changes: 'merge requests' },
}

export type SelfHostedType = 'github-enterprise' | 'gitlab-self-hosted'

export interface Scope {
  name: string
  why: string
  optional?: boolean
}

/** The scopes of the token to make. */
export const scopes: Record<SelfHostedType, Scope[]> = {
  'github-enterprise': [
    { name: 'user:email', why: 'your e-mail address' },
    { name: 'read:org', why: 'the organisations you belong to' },
    { name: 'read:public_key', why: 'importing your SSH keys' },
    { name: 'repo', why: 'private repositories; leave it out if public ones are enough', optional: true },
  ],
  'gitlab-self-hosted': [{ name: 'read_api', why: 'profile, groups, projects, merge requests and SSH keys' }],
}

/** The platform's own page for making a token; null while `address` is no web address. */
export function tokenPage(type: SelfHostedType, address: string): string | null {
  const root = webAddress(address.trim())?.replace(/\/+$/, '')
  if (!root) return null
  const names = scopes[type].map(({ name }) => name).join(',')
  return type === 'github-enterprise'
    ? `${root}/settings/tokens/new?scopes=${encodeURIComponent(names)}&description=Forgelink`
    : `${root}/-/user_settings/personal_access_tokens?name=Forgelink&scopes=${encodeURIComponent(names)}`
}

/** The address if it is http(s); anything else is never made a link. */
export function webAddress(address: string | null): string | null {
  if (!address || !URL.canParse(address)) return null
  const { protocol, href, host } = new URL(address)
  return host !== '' && (protocol === 'https:' || protocol === 'http:') ? href : null
}

export function hostOf(address: string): string {
  return address.replace(/^https?:\/\//, '')
}

/** "alice on ghes.example.com". */
export function nameOfLink({ username, url }: Integration): string {
  return `${username} on ${hostOf(url)}`
}
