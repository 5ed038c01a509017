// The scm_types, one row each.

/**
 * - vendor: who makes the platform, by its name in `vendors.ts`.
 * - label: its name for people.
 * - oauth: whether it is the vendor's own platform, linked by OAuth on the profile page. The others are linked by URL and token.
 */
export const scmTypes = {
  github: { vendor: 'github', label: 'GitHub', oauth: true },
  gitlab: { vendor: 'gitlab', label: 'GitLab', oauth: true },
  'github-enterprise': { vendor: 'github', label: 'GitHub Enterprise Server', oauth: false },
  'gitlab-self-hosted': { vendor: 'gitlab', label: 'GitLab self-hosted', oauth: false },
} as const satisfies Record<string, { vendor: string; label: string; oauth: boolean }>

type Rows = typeof scmTypes
export type ScmType = keyof Rows
/** The types that are linked by OAuth. */
export type OAuthScmType = { [Type in ScmType]: Rows[Type]['oauth'] extends true ? Type : never }[ScmType]
export type VendorName = Rows[ScmType]['vendor']
export type OAuthVendorName = Rows[OAuthScmType]['vendor']

export const SCM_TYPES = Object.keys(scmTypes) as ScmType[]
export const OAUTH_SCM_TYPES = SCM_TYPES.filter(isOAuthScmType)
export const SELF_HOSTED_SCM_TYPES = SCM_TYPES.filter((type) => !isOAuthScmType(type))

export function isOAuthScmType(type: ScmType): type is OAuthScmType {
  return scmTypes[type].oauth
}

export function isScmType(value: unknown): value is ScmType {
  return typeof value === 'string' && Object.hasOwn(scmTypes, value)
}

/** The type of a vendor's self-hosted platforms; undefined when the vendor has none. */
export function selfHostedTypeOf(vendor: VendorName): ScmType | undefined {
  return SELF_HOSTED_SCM_TYPES.find((type) => scmTypes[type].vendor === vendor)
}

/** The prefix of an OAuth type's settings: `GITHUB` of `GITHUB_CLIENT_ID`. */
export function settingsPrefix(type: OAuthScmType): string {
  return type.toUpperCase().replaceAll('-', '_')
}
