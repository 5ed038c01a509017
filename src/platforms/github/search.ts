// Builds GitHub's `q` so that nothing a user typed is read as a qualifier or operator.
import { invalid } from '../../failure.ts'
import { pathParts } from '../answers.ts'
import type { PullRequestQuery, RepositoryQuery } from '../platform.ts'

/**
 * GitHub counts the words without qualifiers: https://docs.github.com/en/rest/search/search#limitations-on-query-length
 */
const MAX_WORDS_LENGTH = 256

/** Without forks is GitHub's default, and `fork:false` is not a value it knows, so nothing is sent for it. */
export function repositorySearch({ words, forks, user }: RepositoryQuery): string {
  const q = [...wordsOf(words), ...(user === null ? [] : [`user:${user}`]), ...(forks ? ['fork:true'] : [])]
  if (q.length === 0) throw invalid({ query: ['has nothing GitHub could search for; add a word or user:NAME'] })
  return q.join(' ')
}

/** Always with `is:pr`: without it the search also finds issues, and App tokens get a 422. */
export function pullRequestSearch({ words, state, repo }: PullRequestQuery): string {
  const texts = wordsOf(words)
  return [
    ...texts,
    ...(texts.length > 0 ? ['in:title'] : []),
    'is:pr',
    ...(state === null ? [] : [`is:${state}`]),
    repo === null ? 'author:@me' : `repo:${repo}`,
  ].join(' ')
}

/** Whether GitHub could have an account of this name; a GitLab group's path cannot be one. */
export function isLogin(name: string): boolean {
  return pathParts(name)?.length === 1
}

export function isRepository(name: string): boolean {
  return pathParts(name)?.length === 2
}

function wordsOf(words: string[]): string[] {
  const texts = words.map(textOf).filter((text) => text !== '')
  if (words.length > 0 && texts.length === 0) {
    throw invalid({ query: ['has only characters that GitHub does not search for; add a word'] })
  }
  if ([...texts.join(' ')].length > MAX_WORDS_LENGTH) {
    throw invalid({
      query: [`has more than ${MAX_WORDS_LENGTH} characters of words, which GitHub does not search for`],
    })
  }
  return texts
}

/**
 * Quotation marks switch off qualifiers, `-`, parentheses and AND, OR, NOT; characters that could end them are removed.
 */
function textOf(word: string): string {
  if (/^[\p{L}\p{N}_.][\p{L}\p{N}_.-]*$/u.test(word) && !/^(?:and|or|not)$/i.test(word)) return word
  const phrase = word
    .replace(/["\\\p{Cc}]/gu, ' ')
    .replace(/ +/g, ' ')
    .trim()
  return phrase === '' ? '' : `"${phrase}"`
}
