// Chooses the adapter that speaks to a link's platform.

import { GitHub } from './github/github.ts'
import { GitLab } from './gitlab/gitlab.ts'
import type { Platform } from './platform.ts'
import { scmTypes } from './scm-types.ts'
import type { Transport } from './transport/transport.ts'
import type { Connection } from './vendor.ts'

export type { Connection } from './vendor.ts'

export function createPlatform(transport: Transport, connection: Connection): Platform {
  const adapters = { github: GitHub, gitlab: GitLab }
  return new adapters[scmTypes[connection.scmType].vendor](transport, connection)
}
