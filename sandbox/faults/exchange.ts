// What a fault gets to spoil: the open connection, and the answer there would have been.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Call, Reply } from '../http.ts'
import type { Site } from '../site.ts'

export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  site: Site
  call: Call
  /** Where the fault has a choice: seconds to wait, an address to point at. */
  rule: { value?: string | number }
  /** Works the call out, with all that it changes. */
  usual: () => Reply
  send: (reply: Reply) => void
}

export type Fault = (exchange: Exchange) => void

/** The fault answers in place of the platform. */
export function say(answer: (exchange: Exchange) => Reply): Fault {
  return (exchange) => exchange.send(answer(exchange))
}
