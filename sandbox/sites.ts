// The five simulated platforms: their names and versions, in the order of their ports.

import { github } from './github/github.ts'
import { gitlab } from './gitlab/gitlab.ts'
import type { Site, SiteDefinition } from './site.ts'

export const siteDefinitions = [
  {
    name: 'github',
    scmType: 'github',
    vendor: github,
    dotCom: true,
    basePath: '',
    version: '',
    tag: '',
  },
  {
    name: 'github-enterprise',
    scmType: 'github-enterprise',
    vendor: github,
    dotCom: false,
    basePath: '',
    version: '3.19.1',
    tag: 'Ghe',
  },
  {
    name: 'gitlab',
    scmType: 'gitlab',
    vendor: gitlab,
    dotCom: true,
    basePath: '',
    version: '19.5.0-pre',
    tag: '',
  },
  {
    name: 'gitlab-self-hosted',
    scmType: 'gitlab-self-hosted',
    vendor: gitlab,
    dotCom: false,
    basePath: '',
    version: '18.11.2-ee',
    tag: 'Own',
  },
  {
    name: 'gitlab-subpath',
    scmType: 'gitlab-self-hosted',
    vendor: gitlab,
    dotCom: false,
    basePath: '/code/gitlab',
    version: '17.8.1',
    tag: 'Sub',
  },
] as const satisfies SiteDefinition[]

export type KnownSite = (typeof siteDefinitions)[number]
export type PlatformName = KnownSite['name']
export type ScmType = KnownSite['scmType']

export function siteAt(definition: SiteDefinition, host: string, port: number): Site {
  const origin = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  const url = `${origin}${definition.basePath}`
  return { ...definition, port, origin, host: new URL(origin).host, url, apiUrl: `${url}${definition.vendor.apiPath}` }
}
