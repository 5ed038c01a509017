// Where a browser is sent on to: only ever a path of ours.

/** The path with its query when `text` is one of this server, else undefined. */
export function ownPath(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > 2048 || !text.startsWith('/') || text.startsWith('//')) return undefined
  // Browsers read a backslash as a slash, and drop tabs and line breaks from addresses.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\\\u0000-\u0020\u007f]/.test(text)) return undefined
  const url = URL.parse(text, 'http://own.invalid')
  if (url?.origin !== 'http://own.invalid' || url.pathname.startsWith('//')) return undefined
  return url.pathname + url.search
}
