// The state of one platform's server, and the log of its requests.

import type { FaultSwitch } from './faults/faults.ts'
import type { Site } from './site.ts'
import type { World } from './state.ts'

export interface RequestRecord {
  method: string
  /** With its query. */
  path: string
  headers: Record<string, string>
  body: string
  time: string
  /** null until there is an answer. */
  status: number | null
}

/** The state of one platform's server. */
export interface Running {
  site: Site
  world: World
  faults: FaultSwitch
  requests: RequestRecord[]
  /** Calls that have arrived and whose answer has neither ended nor been cut. */
  inFlight: number
  reset: () => void
}
