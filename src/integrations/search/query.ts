// Parses search queries: "example fork:true user:x" becomes a typed query.
import { invalid } from '../../failure.ts'
import type { PullRequestQuery, RepositoryQuery } from '../../platforms/platform.ts'
import { VENDOR_NAMES, vendors } from '../../platforms/vendors.ts'
import { listOf } from '../../text.ts'

export const MAX_QUERY_LENGTH = 1024

interface Grammar {
  /** The allowed values of each qualifier. */
  qualifiers: Record<string, RegExp>
  /** The same in words, for error messages. */
  supported: string
}

/** A name or a path of names; nothing that could change a URL's path or become another qualifier. */
const NAME = /^(?![-/])(?!(?:.*\/)?\.\.?(?:\/|$))[\p{L}\p{N}._-]+(?:\/[\p{L}\p{N}._-]+)*$/u

const repositories = {
  qualifiers: { fork: /^(?:true|false)$/, user: NAME },
  supported: 'words, "several words", fork:true, fork:false and user:NAME',
} satisfies Grammar

const pullRequests = {
  qualifiers: { is: /^(?:open|closed)$/, repo: NAME },
  supported: 'words, "several words", is:open, is:closed and repo:OWNER/NAME',
} satisfies Grammar

export function readRepositoryQuery(query: unknown): RepositoryQuery {
  const { words, values } = read(query, repositories)
  return { words, forks: values.get('fork') === 'true', user: values.get('user') ?? null }
}

export function readPullRequestQuery(query: unknown): PullRequestQuery {
  const { words, values } = read(query, pullRequests)
  const is = values.get('is')
  return { words, state: is === 'open' || is === 'closed' ? is : null, repo: values.get('repo') ?? null }
}

/** `repo_name` of a list of branches. */
export function readRepositoryName(name: unknown): string {
  if (typeof name === 'string' && name.length <= MAX_QUERY_LENGTH && NAME.test(name) && name.includes('/')) return name
  throw invalid({ repo_name: [`is not the name of a repository: write ${repositoryForms()}`] })
}

/** "OWNER/NAME (or GROUP/SUBGROUP/NAME on GitLab)". */
function repositoryForms(): string {
  const words = VENDOR_NAMES.map((name) => vendors[name].words)
  const usual = words[0]?.repositoryForm ?? ''
  const others = words.filter(({ repositoryForm }) => repositoryForm !== usual)
  const each = others.map(({ name, repositoryForm }) => `${repositoryForm.toUpperCase()} on ${name}`)
  return `${usual.toUpperCase()}${each.length === 0 ? '' : ` (or ${listOf(each, 'or')})`}`
}

function read(query: unknown, grammar: Grammar): { words: string[]; values: Map<string, string> } {
  const queryProblem = (problem: string) => invalid({ query: [`${problem}; it supports ${grammar.supported}`] })
  if (query === undefined || query === null) throw queryProblem('is missing')
  if (typeof query !== 'string') throw queryProblem('is not one piece of text')
  if (query.length > MAX_QUERY_LENGTH) throw queryProblem(`is longer than ${MAX_QUERY_LENGTH} characters`)
  if (/[\p{Cc}\p{Cs}]/u.test(query)) throw queryProblem('has control characters')

  const words: string[] = []
  const values = new Map<string, string>()
  // Some clients encode the `+` between words as %2B, so it separates like a space, inside quotes too.
  for (const [token] of query.replaceAll('+', ' ').matchAll(/"[^"]*"?[^ ]*|[^ ]+/g)) {
    if (token.startsWith('"')) words.push(phraseOf(token))
    else if (token.includes('"')) throw queryProblem('has a quotation mark inside a word')
    else if (token.includes(':')) keepQualifier(token)
    else words.push(token)
  }
  if (words.length === 0 && values.size === 0) throw queryProblem('is empty')
  return { words, values }

  function phraseOf(token: string): string {
    const end = token.indexOf('"', 1)
    if (end === -1) throw queryProblem('has a quotation mark without its partner')
    if (end !== token.length - 1) throw queryProblem('has a quotation mark inside a word')
    const phrase = token.slice(1, end).trim().replace(/ +/g, ' ')
    if (phrase === '') throw queryProblem('has quotation marks around nothing')
    return phrase
  }

  function keepQualifier(token: string): void {
    const colon = token.indexOf(':')
    const name = token.slice(0, colon)
    const value = token.slice(colon + 1)
    const allowed = Object.hasOwn(grammar.qualifiers, name) ? grammar.qualifiers[name] : undefined
    if (allowed === undefined)
      throw queryProblem('has an unknown qualifier (a word with a colon needs quotation marks)')
    if (values.has(name)) throw queryProblem(`has ${name}: twice`)
    if (value === '') throw queryProblem(`has ${name}: without a value`)
    if (!allowed.test(value)) throw queryProblem(`has a value for ${name}: that it does not know`)
    values.set(name, value)
  }
}
