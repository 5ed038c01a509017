// The search grammar, every line of it once well and once broken.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Failure } from '../../failure.ts'
import { readPullRequestQuery, readRepositoryName, readRepositoryQuery } from './query.ts'

function problemOf(read: () => unknown): string {
  try {
    return `no problem: ${JSON.stringify(read())}`
  } catch (failure) {
    if (!(failure instanceof Failure) || failure.code !== 'invalid') throw failure
    const { query = [], repo_name = [] } = failure.details.errors ?? {}
    return [...query, ...repo_name].join()
  }
}

describe('search_repos', () => {
  test.each([
    ['example fork:true user:john-diggle', { words: ['example'], forks: true, user: 'john-diggle' }],
    ['example+fork:true+user:john-diggle', { words: ['example'], forks: true, user: 'john-diggle' }],
    ['fork:false', { words: [], forks: false, user: null }],
    ['  one   two  ', { words: ['one', 'two'], forks: false, user: null }],
    ['"two words"', { words: ['two words'], forks: false, user: null }],
    ['"  two   words "', { words: ['two words'], forks: false, user: null }],
    ['"two+words" +three', { words: ['two words', 'three'], forks: false, user: null }],
    ['"user:bob"', { words: ['user:bob'], forks: false, user: null }],
    ['user:acme/tools.deep', { words: [], forks: false, user: 'acme/tools.deep' }],
    ['user:Ünïcode', { words: [], forks: false, user: 'Ünïcode' }],
    ['-not OR (x) a\\b 検索 🔍', { words: ['-not', 'OR', '(x)', 'a\\b', '検索', '🔍'], forks: false, user: null }],
    ['x'.repeat(1024), { words: ['x'.repeat(1024)], forks: false, user: null }],
  ])('%s', (query, expected) => {
    expect(readRepositoryQuery(query)).toEqual(expected)
  })

  test.each<[string, unknown, string]>([
    ['missing', undefined, 'is missing'],
    ['null', null, 'is missing'],
    ['an array', ['a', 'b'], 'is not one piece of text'],
    ['an object', {}, 'is not one piece of text'],
    ['empty', '', 'is empty'],
    ['separators only', ' + +', 'is empty'],
    ['too long', 'x'.repeat(1025), 'is longer than 1024 characters'],
    ['NUL', 'a\0b', 'has control characters'],
    ['a tab', 'a\tb', 'has control characters'],
    ['a line break', 'a\nuser:b', 'has control characters'],
    ['half a surrogate pair', 'a\ud800', 'has control characters'],
    ['an open quotation mark', '"two words', 'has a quotation mark without its partner'],
    ['a lone quotation mark', 'a "', 'has a quotation mark without its partner'],
    ['nothing quoted', 'a ""', 'has quotation marks around nothing'],
    ['spaces quoted', '" + "', 'has quotation marks around nothing'],
    ['a quotation mark inside a word', 'a"b c"', 'has a quotation mark inside a word'],
    ['text after a quotation', '"a"b', 'has a quotation mark inside a word'],
    ['a quoted value', 'user:"bob"', 'has a quotation mark inside a word'],
    ['another qualifier', 'org:acme', 'has an unknown qualifier'],
    ['a qualifier of the other search', 'is:open', 'has an unknown qualifier'],
    ['an address', 'https://example.test', 'has an unknown qualifier'],
    ['a qualifier without name', ':x', 'has an unknown qualifier'],
    ['a name of every object', 'constructor:x', 'has an unknown qualifier'],
    ['a negated qualifier', '-user:bob', 'has an unknown qualifier'],
    ['a repeated qualifier', 'fork:true fork:true', 'has fork: twice'],
    ['an empty qualifier', 'user:', 'has user: without a value'],
    ...['only', 'TRUE', 'untrue', 'truely', 'true,false'].map((value): [string, string, string] => [
      `fork:${value}`,
      `fork:${value}`,
      'has a value for fork: that it does not know',
    ]),
    ...[
      '-bob',
      '/bob',
      'bob/',
      'a//b',
      '.',
      '..',
      'a/../b',
      'acme/../b',
      'acme/tools/..',
      'a/.',
      'a:b',
      'a%2fb',
      '@me',
      'a*',
      'a,b',
    ].map((name): [string, string, string] => [name, `user:${name}`, 'has a value for user: that it does not know']),
  ])('refuses %s', (_, query, problem) => {
    const found = problemOf(() => readRepositoryQuery(query))
    expect(found.startsWith(problem)).toBe(true)
    expect(found).toContain('it supports words, "several words", fork:true, fork:false and user:NAME')
  })
})

describe('search_pull_requests', () => {
  test.each([
    [
      'is:open repo:john-diggle/example-repository',
      { words: [], state: 'open', repo: 'john-diggle/example-repository' },
    ],
    ['is:closed', { words: [], state: 'closed', repo: null }],
    ['repo:a/b/c/project add+logo', { words: ['add', 'logo'], state: null, repo: 'a/b/c/project' }],
  ])('%s', (query, expected) => {
    expect(readPullRequestQuery(query)).toEqual(expected)
  })

  test.each([
    ['is:merged', 'has a value for is: that it does not know'],
    ['is:reopen', 'has a value for is: that it does not know'],
    ['is:opened', 'has a value for is: that it does not know'],
    ['is:open is:closed', 'has is: twice'],
    ['user:bob', 'has an unknown qualifier'],
    ['repo:', 'has repo: without a value'],
    ['repo:a/../b', 'has a value for repo: that it does not know'],
  ])('refuses %s', (query, problem) => {
    const found = problemOf(() => readPullRequestQuery(query))
    expect(found.startsWith(problem)).toBe(true)
    expect(found).toContain('it supports words, "several words", is:open, is:closed and repo:OWNER/NAME')
  })
})

test('the name of a repository has an owner and stays in its place', () => {
  const longest = `a/${'b'.repeat(1022)}`
  for (const name of ['acme/tools/hammer', longest]) expect(readRepositoryName(name)).toBe(name)
  for (const name of [undefined, ['a/b'], '', 'alone', 'a/..', 'acme/../b', '/a', 'a/b?c', 'a b/c', `${longest}b`]) {
    expect(problemOf(() => readRepositoryName(name))).toMatch(/^is not the name of a repository/)
  }
})

test('any text is read or refused, and nothing read has a quotation mark or a separator at its ends', () => {
  const text = fc.array(
    fc.constantFrom('a', 'é', '"', ' ', '+', ':', '-', '/', '.', 'user:', 'fork:true', '\\', '\0', '🔍'),
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        text.map((parts) => parts.join('')),
      ),
      (query) => {
        const found = problemOf(() => readRepositoryQuery(query))
        if (!found.startsWith('no problem: ')) return
        const { words, user } = readRepositoryQuery(query)
        for (const word of words) expect(word).toMatch(/^[^"+ ]([^"+]*[^"+ ])?$/)
        if (user !== null) expect(user).not.toMatch(/[^\p{L}\p{N}._/-]|^[-/]|\/\/|\/$/u)
      },
    ),
  )
})
