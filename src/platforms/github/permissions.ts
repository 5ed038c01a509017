// The permissions of fine-grained tokens and GitHub Apps, which they have instead of scopes.

/** The names that GitHub's pages show. */
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

/**
 * The permissions that our calls need:
 * https://docs.github.com/en/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens
 */
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
 * The permission that a rejected call needs, such as "Git SSH keys: read". It comes from GitHub's header
 * `X-Accepted-GitHub-Permissions`, which App tokens do not get, else from the call's path. null when neither says.
 */
export function permissionFor(header: string | undefined, url: URL | undefined): string | null {
  const named = permissionsIn(header ?? '')
  if (named !== '') return named
  const path = url?.pathname ?? ''
  return NEEDED.find(([pattern]) => pattern.test(path))?.[1] ?? null
}

/**
 * `keys=read,metadata=read; contents=read`: `,` is and, `;` is or. `allows_permissionless_access=true` is not a
 * permission.
 */
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
