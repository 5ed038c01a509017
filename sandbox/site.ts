// The five simulated platforms: what each is called, where it listens and what it claims to be.

import type { Flavour } from './state.ts'

export type ScmType = 'github' | 'github-enterprise' | 'gitlab' | 'gitlab-self-hosted'

interface SiteDefinition {
  name: string
  scmType: ScmType
  flavour: Flavour
  /** Behaves as github.com or gitlab.com, else as an installation of one's own. */
  dotCom: boolean
  port: number
  /** Where GitLab lives on its host; empty at the root. */
  basePath: string
  version: string
  /** Goes into token values, so that a token of one platform is none on another. */
  tag: string
}

export const siteDefinitions = [
  {
    name: 'github',
    scmType: 'github',
    flavour: 'github',
    dotCom: true,
    port: 4611,
    basePath: '',
    version: '',
    tag: '',
  },
  {
    name: 'github-enterprise',
    scmType: 'github-enterprise',
    flavour: 'github',
    dotCom: false,
    port: 4612,
    basePath: '',
    version: '3.19.1',
    tag: 'Ghe',
  },
  {
    name: 'gitlab',
    scmType: 'gitlab',
    flavour: 'gitlab',
    dotCom: true,
    port: 4613,
    basePath: '',
    version: '19.5.0-pre',
    tag: '',
  },
  {
    name: 'gitlab-self-hosted',
    scmType: 'gitlab-self-hosted',
    flavour: 'gitlab',
    dotCom: false,
    port: 4614,
    basePath: '',
    version: '18.11.2-ee',
    tag: 'Own',
  },
  {
    name: 'gitlab-subpath',
    scmType: 'gitlab-self-hosted',
    flavour: 'gitlab',
    dotCom: false,
    port: 4615,
    basePath: '/code/gitlab',
    version: '17.8.1',
    tag: 'Sub',
  },
] as const satisfies SiteDefinition[]

export type PlatformName = (typeof siteDefinitions)[number]['name']

/** One platform as it runs. */
export interface Site extends SiteDefinition {
  name: PlatformName
  origin: string
  host: string
  /** Web and OAuth root. */
  url: string
  apiUrl: string
}

export function siteAt(definition: (typeof siteDefinitions)[number], host: string, port: number): Site {
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const url = `${origin}${definition.basePath}`
  const api = definition.flavour === 'github' ? '/api/v3' : '/api/v4'
  return { ...definition, port, origin, host: new URL(origin).host, url, apiUrl: `${url}${api}` }
}
