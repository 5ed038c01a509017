// What a fault can change: the open connection, and the answer that would have been sent.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Call, Reply } from '../http.ts'
import type { Site } from '../site.ts'

export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  site: Site
  call: Call
  /** For faults with a parameter: seconds to wait, or an address to point at. */
  rule: { value?: string | number }
  /** Handles the call, with all its effects, and returns the usual answer. */
  usual: () => Reply
  send: (reply: Reply) => void
}

export type Fault = (exchange: Exchange) => void

/** A fault that answers instead of the platform. */
export function say(answer: (exchange: Exchange) => Reply): Fault {
  return (exchange) => exchange.send(answer(exchange))
}
