import { expect, test } from 'vitest'
import { nextLink, nextPage, tellsMore } from './next-page.ts'

const GITHUB = 'https://api.github.com'
const GHES = 'https://ghe.example.com/api/v3'
const GITLAB = 'https://ex.com/gitlab/api/v4'
const ASKED = '/projects?per_page=100'

// root, path asked for, target of the next link, what is asked for next
test.each<[string, string, string, string | null]>([
  [
    GITHUB,
    '/repos/o/n/branches',
    'https://api.github.com/repositories/7/branches?page=2',
    '/repositories/7/branches?page=2',
  ],
  [
    GHES,
    '/repos/o/n/pulls',
    'https://ghe.example.com/api/v3/repositories/7/pulls?page=2',
    '/repositories/7/pulls?page=2',
  ],
  [GHES, '/x', 'https://ghe.example.com:443/api/v3/x?page=2', '/x?page=2'],
  [GITLAB, ASKED, 'https://ex.com/gitlab/api/v4/projects?page=2&per_page=100', '/projects?page=2&per_page=100'],
  [GITLAB, ASKED, '/gitlab/api/v4/projects?page=2', '/projects?page=2'],
  [GITLAB, ASKED, '?page=2', '/projects?page=2'],
  // A wrong external URL: only the query counts.
  [GITLAB, ASKED, 'http://ex.com/gitlab/api/v4/projects?page=2', '/projects?page=2'],
  [GITLAB, ASKED, 'https://internal:8080/api/v4/projects?page=2', '/projects?page=2'],
  [GITLAB, ASKED, 'https://ex.com:8443/gitlab/api/v4/projects?page=2', '/projects?page=2'],
  [GITLAB, ASKED, '//evil.com/gitlab/api/v4/projects?page=2', '/projects?page=2'],
  [GITLAB, ASKED, 'https://ex.com.evil.com/gitlab/api/v4/projects?page=2', '/projects?page=2'],
  [GITLAB, ASKED, 'https://ex.com@evil.com/gitlab/api/v4/projects?page=2', '/projects?page=2'],
  [GITLAB, ASKED, 'https://internal/gitlab/api/v4/groups?page=2', '/projects?page=2'],
  // Our origin, but not below root.
  [GITLAB, ASKED, 'https://ex.com/api/v4/projects?page=2', '/projects?page=2'],
  [GITLAB, ASKED, 'https://ex.com/gitlab/api/v40/projects?page=2', '/projects?page=2'],
  [GITLAB, ASKED, 'https://ex.com/gitlab/api/v4/../../../admin?page=2', '/projects?page=2'],
  [GITLAB, ASKED, 'https://ex.com/gitlab/api/v4/%2e%2e/admin?page=2', '/projects?page=2'],
  [GITLAB, ASKED, 'javascript:alert(1)', '/projects'],
  [GITLAB, ASKED, 'https://[', null],
])('%s%s then %s', (root, path, target, next) => {
  expect(nextPage({ headers: { link: `<${target}>; rel="next"` }, root, path })).toBe(next)
})

test.each<[Record<string, string>, string | null]>([
  [{}, null],
  [{ 'x-next-page': '' }, null],
  [{ 'x-next-page': '2' }, '/projects?per_page=100&page=2'],
  [{ 'x-next-page': '2&x=1' }, null],
  [{ 'x-next-page': '-1' }, null],
  [{ link: '<https://ex.com/gitlab/api/v4/projects?page=3>; rel="next"', 'x-next-page': '2' }, '/projects?page=3'],
])('headers %j', (headers, next) => {
  expect(nextPage({ headers, root: GITLAB, path: ASKED })).toBe(next)
})

test.each<[string, string | null]>([
  ['', null],
  ['<a>; rel="next"', 'a'],
  ['<a>; rel=next', 'a'],
  ['<a>; REL="Next"', 'a'],
  ['<a>; rel="last next"', 'a'],
  ['<a>; title="x"; rel="next"', 'a'],
  ['<a>; rel="prev", <b>; rel="next", <c>; rel="last"', 'b'],
  ['<a?x=1,2>; rel="first", <b?x=1,2;y>; rel="next"', 'b?x=1,2;y'],
  ['<a>; rel="prev"', null],
  ['<a>; rel="nextish"', null],
  ['<a', null],
  ['a; rel="next"', null],
  [`${'<'.repeat(10_000)}`, null],
])('Link: %s', (header, target) => {
  expect(nextLink(header)).toBe(target)
})

// Relations that say nothing of pages: 11 of 804 recorded `Link`s of GitHub, ../shared/data/recorded.
test.each<[string, Record<string, string>, boolean | null]>([
  ['a next link', { link: '<https://x.test/a?page=3>; rel="next"' }, true],
  ['a last page', { link: '<https://x.test/a?page=1>; rel="prev", <https://x.test/a?page=1>; rel="first"' }, false],
  ['a link to something else', { link: '<https://x.test/sunset>; rel="deprecation"; type="text/html"' }, null],
  ['GitLab’s number of the next page', { 'x-next-page': '3' }, true],
  ['GitLab’s empty number', { 'x-next-page': '' }, false],
  ['a number of pages', { 'x-total-pages': '3' }, true],
  ['the last of them', { 'x-total-pages': '2' }, false],
  ['nonsense', { 'x-next-page': 'soon', 'x-total-pages': 'many', link: 'none' }, null],
  ['nothing', {}, null],
])('what follows page 2 by %s', (_, headers, expected) => {
  expect(tellsMore(headers, 2)).toBe(expected)
})
