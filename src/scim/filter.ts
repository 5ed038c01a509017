// The filters that identity providers look users up with: one attribute that equals a text (RFC 7644 section 3.4.2.2).

import { invalid } from '../failure.ts'

const MAX_FILTER_LENGTH = 1_024
const ATTRIBUTES = ['userName', 'externalId'] as const

export interface Filter {
  attribute: (typeof ATTRIBUTES)[number]
  value: string
}

/** Throws `invalid` at `filter` for anything but `userName eq "…"` and `externalId eq "…"`. */
export function parseFilter(text: string): Filter {
  // Names of attributes and operators are the same in any case of letters; the value is a JSON string.
  const [, name, literal] = /^\s*(\w+)\s+eq\s+("(?:[^"\\]|\\.)*")\s*$/i.exec(text.slice(0, MAX_FILTER_LENGTH)) ?? []
  const attribute = ATTRIBUTES.find((known) => known.toLowerCase() === name?.toLowerCase())
  const value = literal === undefined ? undefined : parseString(literal)
  if (text.length > MAX_FILTER_LENGTH || attribute === undefined || value === undefined) {
    throw invalid({ filter: ['must be userName eq "…" or externalId eq "…"'] })
  }
  return { attribute, value }
}

function parseString(literal: string): string | undefined {
  try {
    return JSON.parse(literal) as string
  } catch {
    return undefined
  }
}
