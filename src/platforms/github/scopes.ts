// Which scopes a classic or OAuth token of GitHub has, and which it lacks for what we call.

/** The scopes that serve every call of ours, each with the ones that include it. */
const NEEDED: Record<string, string[]> = {
  'user:email': ['user'],
  'read:org': ['admin:org', 'write:org'],
  'read:public_key': ['admin:public_key', 'write:public_key'],
}

/** null for fine-grained and App tokens, of which GitHub does not tell. */
export function scopesOf(header: string | undefined): string[] | null {
  if (header === undefined) return null
  return header
    .split(',')
    .map((scope) => scope.trim())
    .filter((scope) => /^[a-z][a-z0-9:_]*$/.test(scope))
}

export function missingScopes(granted: string[] | null): string[] {
  return granted === null ? [] : Object.keys(NEEDED).filter((scope) => !covers(granted, scope))
}

function covers(granted: string[], scope: string): boolean {
  return [scope, ...(NEEDED[scope] ?? [])].some((candidate) => granted.includes(candidate))
}
