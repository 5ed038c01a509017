// Where browsers see what the server has: below the path of its PUBLIC_URL.

const base = document.querySelector<HTMLMetaElement>('meta[name="base-path"]')?.content ?? ''

/** The address of what the server has at `path`. */
export function publicPath(path: string): string {
  return base + path
}

/** The path that `publicPath` made this address of. */
export function pathBelow(address: string): string {
  return address.startsWith(`${base}/`) ? address.slice(base.length) : '/'
}
