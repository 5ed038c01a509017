// GitHub's q, read back as GitHub reads it: what a user typed stays words.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readPullRequestQuery, readRepositoryQuery } from '../../integrations/search/query.ts'
import type { PullRequestQuery } from '../platform.ts'
import { isLogin, isRepository, pullRequestSearch, repositorySearch } from './search.ts'

describe('q of repositories', () => {
  test.each([
    [{ words: ['example'], forks: true, user: 'john-diggle' }, 'example user:john-diggle fork:true'],
    [{ words: ['v1.2', 'a_b', 'c-d', 'größe', '検索'], forks: false, user: null }, 'v1.2 a_b c-d größe 検索'],
    [{ words: [], forks: true, user: null }, 'fork:true'],
    [{ words: ['two words'], forks: false, user: null }, '"two words"'],
    [
      { words: ['OR', 'not', '-bob', '(a)', 'a:b', '@me', 'a*'], forks: false, user: null },
      '"OR" "not" "-bob" "(a)" "a:b" "@me" "a*"',
    ],
    [
      { words: ['a" org:x "', '\\" is:private', 'user:x\\'], forks: false, user: null },
      '"a org:x" "is:private" "user:x"',
    ],
    [{ words: ['\\', '"', 'left'], forks: false, user: null }, 'left'],
  ])('%j', (query, q) => {
    expect(repositorySearch(query)).toBe(q)
  })

  test('of no words, no user and no forks is refused, for GitHub refuses an empty one', () => {
    for (const words of [[], ['\\']]) {
      expect(() => repositorySearch({ words, forks: false, user: null })).toThrow(
        /^query has (nothing|only characters)/,
      )
    }
  })

  test('has at most 256 characters of words, qualifiers not counted', () => {
    const query = { forks: true, user: 'u'.repeat(100) }
    expect(repositorySearch({ ...query, words: ['é'.repeat(256)] })).toMatch(/^é{256} user:u{100} fork:true$/)
    expect(() => repositorySearch({ ...query, words: ['x'.repeat(257)] })).toThrow(/^query has more than 256/)
    expect(() => repositorySearch({ ...query, words: ['x'.repeat(200), 'y'.repeat(56)] })).toThrow(/256/)
  })
})

test.each<[PullRequestQuery, string]>([
  [{ words: ['add logo'], state: 'open', repo: 'a/b' }, '"add logo" in:title is:pr is:open repo:a/b'],
  [{ words: [], state: null, repo: null }, 'is:pr author:@me'],
  [{ words: ['x'], state: 'closed', repo: null }, 'x in:title is:pr is:closed author:@me'],
])('q of pull requests: %j', (query, q) => {
  expect(pullRequestSearch(query)).toBe(q)
})

test('accounts have one part and repositories two', () => {
  expect(['a', 'a/b', 'a/b/c', '..', 'a:b', ''].map(isLogin)).toEqual([true, false, false, false, false, false])
  expect(['a', 'a/b', 'a/b/c', 'a/..', './b', 'a/b?'].map(isRepository)).toEqual([
    false,
    true,
    false,
    false,
    false,
    false,
  ])
})

/** Reads q as a search box does: phrases in quotation marks, all else split at spaces. */
function parse(q: string): { phrases: string[]; bare: string[] } {
  const phrases: string[] = []
  const rest = q.replaceAll(/\\.|"((?:\\.|[^"\\])*)"/g, (match, phrase: string | undefined) => {
    if (phrase === undefined) return match
    phrases.push(phrase)
    return ' '
  })
  return { phrases, bare: rest.split(/\s+/u).filter((token) => token !== '') }
}

const hostile = fc
  .array(
    fc.constantFrom(
      'a',
      'ß',
      '"',
      '\\',
      ' ',
      '+',
      ':',
      '-',
      '/',
      '(',
      ')',
      '@',
      '*',
      '>',
      '=',
      ',',
      'AND',
      'OR',
      'NOT',
      'not',
      'org:x',
      'is:private',
      'user:bob',
      'fork:true',
      'is:open',
      'repo:a/b',
      '\u00a0',
      '\u2028',
      '\u3000',
      '\u200b',
      '\u202e',
      '“',
      '"x"',
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))
const typed = fc.oneof(hostile, fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }))

function orNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}

/** Each search: what is typed becomes q, and which qualifiers of our own may be in it. */
const searches = [
  {
    name: 'repositories',
    build(text: string) {
      const query = readRepositoryQuery(text)
      return {
        q: repositorySearch(query),
        ours: [...(query.user === null ? [] : [`user:${query.user}`]), ...(query.forks ? ['fork:true'] : [])],
      }
    },
  },
  {
    name: 'pull requests',
    build(text: string) {
      const { words, state, repo } = readPullRequestQuery(text)
      const q = pullRequestSearch({ words, state, repo })
      const title = q.includes('in:title is:pr') ? ['in:title'] : []
      const scope = repo === null ? 'author:@me' : `repo:${repo}`
      return { q, ours: [...title, 'is:pr', ...(state === null ? [] : [`is:${state}`]), scope] }
    },
  },
]

describe.each(searches)('nothing typed reaches GitHub as a qualifier: $name', ({ build }) => {
  test('through the grammar', () => {
    let built = 0
    fc.assert(
      fc.property(typed, (text) => {
        const result = orNull(() => build(text))
        if (result === null) return
        built += 1
        checkBare(result.q, result.ours)
      }),
      { numRuns: 3_000 },
    )
    expect(built).toBeGreaterThan(300)
  })
})

test('nothing in words reaches GitHub as a qualifier, whatever the grammar let through', () => {
  fc.assert(
    fc.property(fc.array(typed, { maxLength: 4 }), (words) => {
      const q = orNull(() => repositorySearch({ words, forks: true, user: 'someone' }))
      if (q !== null) checkBare(q, ['user:someone', 'fork:true'])
    }),
    { numRuns: 3_000 },
  )
})

function checkBare(q: string, ours: string[]): void {
  const { bare } = parse(q)
  expect(bare.slice(bare.length - ours.length)).toEqual(ours)
  for (const word of bare.slice(0, bare.length - ours.length)) {
    expect(word).toMatch(/^[\p{L}\p{N}_.][\p{L}\p{N}_.-]*$/u)
    expect(word).not.toMatch(/^(?:and|or|not)$/i)
  }
}
