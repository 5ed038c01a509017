// The sandbox's own calls below /_sandbox, on every platform's port: faults, request log, settings, reset.

import type { FaultRule } from './faults/faults.ts'
import { faultNames, faultTable } from './faults/table.ts'
import { type Call, json, nothing, objectFrom, type Reply } from './http.ts'
import type { Running } from './running.ts'

const calls: Record<string, (running: Running, call: Call) => Reply> = {
  'GET /_sandbox/faults': ({ faults }) => json(200, { faults: faults.list(), names: faultNames }),
  'PUT /_sandbox/faults': setFaults,
  'DELETE /_sandbox/faults': ({ faults }) => {
    faults.clear()
    return nothing(204)
  },
  'GET /_sandbox/requests': ({ requests }) => json(200, { requests }),
  'DELETE /_sandbox/requests': ({ requests }) => {
    requests.length = 0
    return nothing(204)
  },
  'GET /_sandbox/settings': ({ world }) => json(200, world.settings),
  'PATCH /_sandbox/settings': changeSettings,
  'POST /_sandbox/reset': (running) => {
    running.reset()
    return nothing(204)
  },
}

export function controlReply(running: Running, call: Call): Reply {
  const found = calls[`${call.method} ${call.path}`]
  if (found === undefined) return json(404, { error: 'the sandbox has no such call', calls: Object.keys(calls) })
  return found(running, call)
}

/** One rule, a list of rules, or `{"faults":[…]}`. */
function setFaults({ faults }: Running, call: Call): Reply {
  const value = parse(call.body)
  const rules = Array.isArray(value) ? value : isObject(value) && Array.isArray(value.faults) ? value.faults : [value]
  if (!rules.every(isRule)) return json(422, { error: 'each fault needs a known name', names: faultNames })
  try {
    faults.set(rules)
  } catch (error) {
    return json(422, { error: String(error) })
  }
  return json(200, { faults: faults.list() })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isRule(value: unknown): value is FaultRule {
  return isObject(value) && typeof value.fault === 'string' && Object.hasOwn(faultTable, value.fault)
}

/** Changes only the named settings: `{"rateLimits":null,"oauth":{"expiring":true}}`. */
function changeSettings({ world }: Running, call: Call): Reply {
  const { oauth, ...rest } = objectFrom(call.body)
  Object.assign(world.settings, rest)
  if (isObject(oauth)) Object.assign(world.settings.oauth, oauth)
  return json(200, world.settings)
}
