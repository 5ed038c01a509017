// Which scopes a classic or OAuth token of GitHub has, and which it lacks for what we call.

/** The scopes that serve every call of ours. */
const NEEDED = ['user:email', 'read:org', 'read:public_key']

/** Wider scopes by what they include: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps */
const INCLUDED_IN: Record<string, string[]> = {
  'user:email': ['user'],
  'read:user': ['user'],
  'read:org': ['admin:org', 'write:org'],
  'write:org': ['admin:org'],
  'read:public_key': ['admin:public_key', 'write:public_key'],
  'write:public_key': ['admin:public_key'],
  public_repo: ['repo'],
  'repo:status': ['repo'],
}

/** GitHub has about fifty; a header is 16 kB at most. */
const MOST_SCOPES = 100

/** null for fine-grained and App tokens, of which GitHub does not tell. */
export function scopesOf(header: string | undefined): string[] | null {
  if (header === undefined) return null
  return header
    .split(',')
    .map((scope) => scope.trim())
    .filter((scope) => /^[a-z][a-z0-9:_]*$/.test(scope))
    .slice(0, MOST_SCOPES)
}

/** `asked`: what an OAuth application asks for besides. `offline_access` is no scope that a token has. */
export function missingScopes(granted: string[] | null, asked: string[] = []): string[] {
  if (granted === null) return []
  const wanted = new Set([...NEEDED, ...asked.filter((scope) => scope !== 'offline_access')])
  return [...wanted].filter((scope) => !covers(granted, scope))
}

function covers(granted: string[], scope: string): boolean {
  return [scope, ...(INCLUDED_IN[scope] ?? [])].some((candidate) => granted.includes(candidate))
}
