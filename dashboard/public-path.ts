// Converts the server's paths to those in the browser, which are below the path of PUBLIC_URL.

const base = document.querySelector<HTMLMetaElement>('meta[name="base-path"]')?.content ?? ''

/** The browser's path for the server's `path`. */
export function publicPath(path: string): string {
  return base + path
}

/** The page where an account is linked by OAuth; with `id`, where that link is made again. */
export function linkPage(scmType: string, id?: string): string {
  return publicPath(`/users/${scmType}/link${id === undefined ? '' : `?again=${encodeURIComponent(id)}`}`)
}

/** The reverse of `publicPath`. */
export function pathBelow(address: string): string {
  return address.startsWith(`${base}/`) ? address.slice(base.length) : '/'
}
