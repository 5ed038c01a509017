// What fine-grained tokens and GitHub Apps have where classic tokens have scopes.

/** What GitHub calls them where they are ticked. */
const NAMES: Record<string, string> = {
  keys: 'Git SSH keys',
  emails: 'Email addresses',
  email_addresses: 'Email addresses',
  members: 'Members',
  metadata: 'Metadata',
  contents: 'Contents',
  pull_requests: 'Pull requests',
  issues: 'Issues',
}

/** What our calls need: https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens */
const NEEDED: [path: RegExp, permission: string][] = [
  [/\/user\/keys$/, 'Git SSH keys: read'],
  [/\/user\/emails$/, 'Email addresses: read'],
  [/\/user\/(memberships\/)?orgs$/, 'Members: read'],
  [/\/(repos\/[^/]+\/[^/]+|repositories\/\d+)\/pulls$/, 'Pull requests: read'],
  [/\/search\/issues$/, 'Pull requests: read'],
  [/\/(repos\/[^/]+\/[^/]+|repositories\/\d+)\/branches$/, 'Contents: read'],
  [/\/(repos\/[^/]+\/[^/]+|repositories\/\d+|search\/repositories)$/, 'Metadata: read'],
]

/**
 * The permission that a refused call needs, "Git SSH keys: read": by GitHub's `X-Accepted-GitHub-Permissions`, which App
 * tokens are not told, else by what it is known to need. null when neither tells.
 */
export function permissionFor(header: string | undefined, url: URL | undefined): string | null {
  const named = permissionsIn(header ?? '')
  if (named !== '') return named
  const path = url?.pathname ?? ''
  return NEEDED.find(([pattern]) => pattern.test(path))?.[1] ?? null
}

/** `keys=read,metadata=read; contents=read`: `,` is and, `;` is or. `allows_permissionless_access=true` is no permission. */
function permissionsIn(header: string): string {
  return header
    .split(';')
    .map((all) => {
      const each = [...all.matchAll(/([a-z_]+)=(read|write|admin)\b/g)]
      return each.map(([, name = '', access]) => `${NAMES[name] ?? name}: ${access}`).join(' and ')
    })
    .filter((all) => all !== '')
    .join(', or ')
}
