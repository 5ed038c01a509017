// Converts between routes' paths and those that browsers see, which are below the path of PUBLIC_URL.

/** The path of PUBLIC_URL, such as `/forgelink`; empty without one. */
export function basePath(publicUrl: string): string {
  return new URL(publicUrl).pathname.replace(/\/$/, '')
}

/** The path that browsers use: `path` is a route's, with its query if any. */
export function publicPath(publicUrl: string, path: string): string {
  return basePath(publicUrl) + path
}

/**
 * The route's path for a requested one: some reverse proxies remove the base path, others do not.
 * It is removed only once, so that a path below it may begin with the same name.
 */
export function routePath(publicUrl: string, asked: string): string {
  return routePathBelow(publicUrl)(asked)
}

/** `routePath` for one PUBLIC_URL, which it reads once. */
export function routePathBelow(publicUrl: string): (asked: string) => string {
  const base = basePath(publicUrl).split('/')
  if (base.length === 1) return (asked) => asked
  return (asked) => {
    const [path = '', ...query] = asked.split('?')
    const segments = path.split('/')
    // The router decodes paths: it reads /%76%31/keys as /v1/keys. So must this function.
    if (!base.every((segment, index) => decoded(segments[index]) === segment)) return asked
    return [`/${segments.slice(base.length).join('/')}`, ...query].join('?')
  }
}

function decoded(segment: string | undefined): string | undefined {
  try {
    return segment && decodeURIComponent(segment)
  } catch {
    return segment
  }
}
