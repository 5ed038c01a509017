// Where a browser is sent next: only ever to a path of our own.

import { publicPath, routePath } from '../public-path.ts'

/** The address with its query when `text` is on this server, with or without PUBLIC_URL's path, else undefined. */
export function ownPath(publicUrl: string, text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > 2048 || !text.startsWith('/') || text.startsWith('//')) return undefined
  // Browsers read a backslash as a slash, and drop tabs and line breaks from addresses.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern searches for these
  if (/[\\\u0000-\u0020\u007f]/.test(text)) return undefined
  const url = URL.parse(text, 'http://own.invalid')
  if (url?.origin !== 'http://own.invalid' || url.pathname.startsWith('//')) return undefined
  return publicPath(publicUrl, routePath(publicUrl, url.pathname + url.search))
}

/** The sign-in page, which leads back to the route's path `path`. */
export function signInAddress(publicUrl: string, path: string): string {
  return publicPath(publicUrl, `/sign-in?return_to=${encodeURIComponent(publicPath(publicUrl, path))}`)
}
