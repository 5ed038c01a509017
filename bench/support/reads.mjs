// The three calls that ask a platform, each as a caller of ours writes it and as the same call is made directly. The
// paths are those that the sandbox's log shows of us; `n` makes another call each time that finds just as much.

/** Arrangements of three and more of the words: all find the same. */
function arrangementsOf(words) {
  const found = []
  function extend(chosen) {
    if (chosen.length >= 3) found.push(chosen.join(' '))
    for (const word of words) if (!chosen.includes(word)) extend([...chosen, word])
  }
  extend([])
  return found
}

/** More than the 20 that there are, so that nobody has to ask for another page. */
const SIZES = Array.from({ length: 80 }, (_, index) => 21 + index)

const STATES = [
  { query: 'is:open ', github: 'open', gitlab: 'opened' },
  { query: '', github: 'all', gitlab: 'all' },
]

function pick(all, n) {
  return all[n % all.length]
}

export function readsOf({ words, repositories }) {
  const searches = arrangementsOf(words)
  const pulls = (n) => {
    const repo = `pulls-${n % repositories}`
    return { repo, state: pick(STATES, Math.floor(n / repositories)) }
  }
  return [
    {
      name: 'search_repos',
      /** How many different calls there are for one link. */
      variants: searches.length,
      ours: (n) => ['search_repos', { query: `${pick(searches, n)} fork:true` }],
      github: (n) => ['/search/repositories', { q: `${pick(searches, n)} fork:true`, per_page: 20 }],
      gitlab: (n) => {
        const search = pick(searches, n)
        return {
          direct: ['/projects', { order_by: 'last_activity_at', sort: 'desc', search, per_page: 20 }],
          resource: 'Projects',
          options: { orderBy: 'last_activity_at', sort: 'desc', search, perPage: 20, maxPages: 1 },
        }
      },
    },
    {
      name: 'orgs',
      variants: SIZES.length,
      ours: (n) => ['orgs', { per_page: pick(SIZES, n) }],
      github: (n) => ['/user/orgs', { per_page: pick(SIZES, n) }],
      gitlab: (n) => {
        const perPage = pick(SIZES, n)
        return {
          direct: ['/groups', { min_access_level: 10, active: true, order_by: 'name', sort: 'asc', per_page: perPage }],
          resource: 'Groups',
          options: { minAccessLevel: 10, active: true, orderBy: 'name', sort: 'asc', perPage, maxPages: 1 },
        }
      },
    },
    {
      name: 'search_pull_requests',
      variants: repositories * STATES.length,
      ours: (n) => ['search_pull_requests', { query: `${pulls(n).state.query}repo:alice/${pulls(n).repo}` }],
      github: (n) => {
        const { repo, state } = pulls(n)
        const parameters = { state: state.github, sort: 'created', direction: 'desc', per_page: 20 }
        return [`/repos/alice/${repo}/pulls`, parameters]
      },
      gitlab: (n) => {
        const { repo, state } = pulls(n)
        const order = { state: state.gitlab, sort: 'desc' }
        const path = `/projects/alice%2F${repo}/merge_requests`
        return {
          direct: [path, { ...order, order_by: 'created_at', per_page: 20 }],
          resource: 'MergeRequests',
          options: { ...order, projectId: `alice/${repo}`, orderBy: 'created_at', perPage: 20, maxPages: 1 },
        }
      },
    },
  ]
}

/** Calls for `callers.mjs` of one platform's account, by contestant; `n` as above. */
export function callsTo(read, { url, apiUrl, scmType }) {
  const { origin, pathname } = new URL(apiUrl)
  const asked = (token, [path, parameters]) => {
    const headers = { authorization: `Bearer ${token}`, 'user-agent': 'bench' }
    return { origin, path: `${pathname}${path}?${new URLSearchParams(parameters)}`, headers }
  }
  if (scmType.startsWith('github')) {
    return {
      undici: (token, n) => asked(token, read.github(n)),
      octokit: (token, n) => {
        const [path, parameters] = read.github(n)
        return { apiUrl, token, route: `GET ${path}`, parameters }
      },
    }
  }
  return {
    undici: (token, n) => asked(token, read.gitlab(n).direct),
    gitbeaker: (token, n) => {
      const { resource, options } = read.gitlab(n)
      return { url, token, resource, options }
    },
  }
}
