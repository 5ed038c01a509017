// @ts-check
// Parses a platform's JSON within bounds of depth and number of values, keeps only the wanted members, and cleans
// strings so that our database and pages accept them. Plain JavaScript, because a worker thread also runs it.

/**
 * @typedef {object} JsonBounds
 * @property {number} depth Maximum nesting of objects and arrays.
 * @property {number} nodes Maximum number of values: 8 MB of text can become gigabytes of objects.
 * @property {number} text Characters after which a string is cut.
 */

/**
 * Which part of a value is kept: all of it, the named members of an object, or the same part of each item of an array.
 * @typedef {true | { members: Record<string, Pick> } | { items: Pick }} Pick
 */

/**
 * undefined when `text` is not JSON. Throws an error with code `TOO_DEEP` or `TOO_MANY` before any object is built. NUL
 * and lone surrogates become U+FFFD, because PostgreSQL rejects them and pages show them as garbage.
 * @param {string} text
 * @param {JsonBounds} bounds
 * @param {Pick} [pick]
 * @returns {unknown}
 */
export function readJson(text, bounds, pick = true) {
  const scan = scanJson(text, bounds)
  /** @type {unknown} */
  let value
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // not rethrown: the error's message may quote the answer
  }
  const picked = keep(value, pick)
  return scan.escapes || scan.longest > bounds.text ? clean(picked, bounds.text) : picked
}

/**
 * The length of the longest string, and whether any escape could stand for NUL or a surrogate.
 * @param {string} text
 * @param {JsonBounds} bounds
 */
function scanJson(text, { depth: maxDepth, nodes: maxNodes }) {
  let depth = 0
  let nodes = 1
  let longest = 0
  let escapes = false
  let slash = indexOrEnd(text, '\\', 0)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      // Most of the text is in strings, and to search for their end is four times as fast as to look at each character.
      const start = at
      at = indexOrEnd(text, '"', at + 1)
      while (slash < at) {
        escapes ||= text.charCodeAt(slash + 1) === 0x75 // \u
        if (at === slash + 1) at = indexOrEnd(text, '"', at + 1)
        slash = indexOrEnd(text, '\\', slash + 2)
      }
      longest = Math.max(longest, at - start - 1)
    } else if (code === 0x7b || code === 0x5b) {
      nodes++
      if (++depth > maxDepth) throw Object.assign(new Error('too deep'), { code: 'TOO_DEEP' })
    } else if (code === 0x7d || code === 0x5d) depth--
    else if (code === 0x2c && ++nodes > maxNodes)
      throw Object.assign(new Error('too many values'), { code: 'TOO_MANY' })
  }
  if (nodes > maxNodes) throw Object.assign(new Error('too many values'), { code: 'TOO_MANY' })
  return { longest, escapes }
}

/**
 * @param {string} text
 * @param {string} searched
 * @param {number} from
 */
function indexOrEnd(text, searched, from) {
  const at = text.indexOf(searched, from)
  return at < 0 ? text.length : at
}

/**
 * @param {unknown} value
 * @param {Pick} pick
 * @returns {unknown}
 */
function keep(value, pick) {
  if (pick === true || typeof value !== 'object' || value === null) return value
  if ('items' in pick) return Array.isArray(value) ? value.map((item) => keep(item, pick.items)) : value
  if (Array.isArray(value)) return value
  /** @type {Record<string, unknown>} */
  const members = {}
  for (const [name, member] of Object.entries(pick.members)) {
    if (Object.hasOwn(value, name)) members[name] = keep(Reflect.get(value, name), member)
  }
  return members
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern searches for NUL
const UNFIT = /\u0000|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/**
 * The text with NUL and lone surrogates replaced, cut after `maxLength` characters but never inside a surrogate pair.
 * @param {string} text
 * @param {number} maxLength
 */
function cleanText(text, maxLength) {
  const cut = text.length > maxLength ? text.slice(0, maxLength) : text
  const whole = text.length > maxLength && /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut
  return whole.replace(UNFIT, '\ufffd')
}

/**
 * @param {unknown} value
 * @param {number} maxLength
 * @returns {unknown}
 */
function clean(value, maxLength) {
  if (typeof value === 'string') return cleanText(value, maxLength)
  if (Array.isArray(value)) return value.map((item) => clean(item, maxLength))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [cleanText(name, maxLength), clean(item, maxLength)]),
  )
}
