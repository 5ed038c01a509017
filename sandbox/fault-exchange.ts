// What a fault gets to spoil: the open connection, and the answer there would have been.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FaultRule } from './faults.ts'
import type { Call, Reply } from './http.ts'
import type { Site } from './site.ts'

export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  site: Site
  call: Call
  rule: FaultRule
  /** Works the call out, with all that it changes. */
  usual: () => Reply
  send: (reply: Reply) => void
}

export type Fault = (exchange: Exchange) => void
