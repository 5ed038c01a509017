// Which hosts have a name of their own in metrics: users choose hosts, and each name makes series that are kept.

/** How many hosts get a name besides those that the settings name. */
export const MAX_NAMED_HOSTS = 20

/** The label of every further host. */
export const OTHER = 'other'

/** `configured` hosts always have their name; of the others the first ones that are asked for, until the next start. */
export function createHostNames(configured: Iterable<string>): (host: string) => string {
  const named = new Set(configured)
  const max = named.size + MAX_NAMED_HOSTS
  return (host) => {
    if (named.has(host)) return host
    if (named.size >= max) return OTHER
    named.add(host)
    return host
  }
}
