// Reads JSON from a platform: not too deep, and its texts fit for our database and pages.

export interface JsonBounds {
  depth: number
  /** Characters after which a string is cut. */
  text: number
}

/**
 * undefined when `text` is not JSON. Throws an error with code `TOO_DEEP` for more nesting than allowed, before
 * anything is built of it. NUL and lone surrogates become U+FFFD, since PostgreSQL refuses them and pages garble them.
 */
export function readJson(text: string, bounds: JsonBounds): unknown {
  const scan = scanJson(text)
  if (scan.depth > bounds.depth) throw Object.assign(new Error('too deep'), { code: 'TOO_DEEP' })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // its message may quote the answer
  }
  return scan.escapes || scan.longest > bounds.text ? clean(value, bounds.text) : value
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what is looked for
const UNFIT = /\u0000|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** NUL and lone surrogates replaced, cut after `longest` characters without halving a pair. */
function cleanText(text: string, longest: number): string {
  const cut = text.length > longest ? text.slice(0, longest) : text
  const whole = text.length > longest && /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut
  return whole.replace(UNFIT, '\ufffd')
}

/** The deepest nesting, the longest string, and whether any escape could stand for NUL or a surrogate. */
function scanJson(text: string): { depth: number; longest: number; escapes: boolean } {
  let depth = 0
  let deepest = 0
  let longest = 0
  let escapes = false
  let start = -1 // of the string we are in
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (start >= 0) {
      if (code === 0x5c) {
        escapes ||= text.charCodeAt(at + 1) === 0x75 // \u
        at++
      } else if (code === 0x22) {
        longest = Math.max(longest, at - start - 1)
        start = -1
      }
    } else if (code === 0x22) start = at
    else if (code === 0x7b || code === 0x5b) deepest = Math.max(deepest, ++depth)
    else if (code === 0x7d || code === 0x5d) depth--
  }
  return { depth: deepest, longest, escapes }
}

function clean(value: unknown, longest: number): unknown {
  if (typeof value === 'string') return cleanText(value, longest)
  if (Array.isArray(value)) return value.map((item) => clean(item, longest))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [cleanText(name, longest), clean(item, longest)]),
  )
}
