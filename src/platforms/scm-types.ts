// The four scm_types, one row each.

export const SCM_TYPES = ['github', 'gitlab', 'github-enterprise', 'gitlab-self-hosted'] as const
export type ScmType = (typeof SCM_TYPES)[number]

/** The types that are linked by OAuth. */
export const OAUTH_SCM_TYPES = ['github', 'gitlab'] as const satisfies ScmType[]
export type OAuthScmType = (typeof OAUTH_SCM_TYPES)[number]

export interface ScmTypeRow {
  /** Which adapter speaks to it. */
  vendor: 'github' | 'gitlab'
  /** What people call it. */
  label: string
  /** Whether it is linked by OAuth on the profile page; the others are linked by URL and token. */
  oauth: boolean
}

export const scmTypes: Record<ScmType, ScmTypeRow> = {
  github: { vendor: 'github', label: 'GitHub', oauth: true },
  gitlab: { vendor: 'gitlab', label: 'GitLab', oauth: true },
  'github-enterprise': { vendor: 'github', label: 'GitHub Enterprise Server', oauth: false },
  'gitlab-self-hosted': { vendor: 'gitlab', label: 'GitLab self-hosted', oauth: false },
}

export function isOAuthScmType(type: ScmType): type is OAuthScmType {
  return OAUTH_SCM_TYPES.some((one) => one === type)
}

export function isScmType(value: unknown): value is ScmType {
  return typeof value === 'string' && SCM_TYPES.some((type) => type === value)
}
