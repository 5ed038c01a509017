// The API's query grammar: makes a query from the page's controls, and sets the controls from a query.

export interface RepositoryFilter {
  words: string
  owner: string | null
  forks: boolean
}

export interface PullRequestFilter {
  words: string
  repository: string
  state: 'all' | 'open' | 'closed'
}

/** A qualifier typed among the words replaces the control's, so that none is sent twice. */
function compose(words: string, qualifiers: Record<string, string | null>): string {
  const typed = qualifiersIn(words)
  const added = Object.entries(qualifiers)
    .filter(([name, value]) => value !== null && value !== '' && !typed.has(name))
    .map(([name, value]) => `${name}:${value}`)
  return [words.trim(), ...added].filter(Boolean).join(' ')
}

export function repositoryQuery({ words, owner, forks }: RepositoryFilter): string {
  return compose(words, { user: owner, fork: forks ? 'true' : null })
}

export function pullRequestQuery({ words, repository, state }: PullRequestFilter): string {
  return compose(words, { repo: repository.trim(), is: state === 'all' ? null : state })
}

export function readRepositoryFilter(query: string): RepositoryFilter {
  const { words, values } = takeApart(query, ['user', 'fork'])
  return { words, owner: values.get('user') ?? null, forks: values.get('fork') === 'true' }
}

export function readPullRequestFilter(query: string): PullRequestFilter {
  const { words, values } = takeApart(query, ['repo', 'is'])
  const is = values.get('is')
  return { words, repository: values.get('repo') ?? '', state: is === 'open' || is === 'closed' ? is : 'all' }
}

/** Splits at spaces; a phrase in quotation marks stays one piece. */
function pieces(query: string): string[] {
  return query.match(/"[^"]*"?\S*|\S+/g) ?? []
}

function qualifiersIn(words: string): Set<string> {
  return new Set(pieces(words).flatMap((piece) => /^([a-z]+):/.exec(piece)?.[1] ?? []))
}

function takeApart(query: string, names: string[]): { words: string; values: Map<string, string> } {
  const values = new Map<string, string>()
  const rest = pieces(query).filter((piece) => {
    const [, name = '', value = ''] = /^([a-z]+):(.+)$/.exec(piece) ?? []
    if (!names.includes(name) || values.has(name)) return true
    values.set(name, value)
    return false
  })
  return { words: rest.join(' '), values }
}
