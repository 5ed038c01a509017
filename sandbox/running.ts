// What runs behind one port, and the log of what arrived there.

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
  /** null while there is no answer, and for ever if there never was one. */
  status: number | null
}

/** What runs behind one port. */
export interface Running {
  site: Site
  world: World
  faults: FaultSwitch
  requests: RequestRecord[]
  /** Calls that have come and whose answer has neither ended nor been cut. */
  inFlight: number
  reset: () => void
}
