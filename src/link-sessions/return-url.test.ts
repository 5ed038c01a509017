// Where a link session may send a browser back to: hits, and near misses beside them.

import { describe, expect, it } from 'vitest'
import { returnAddress, returnUrlProblem } from './return-url.ts'

const ALLOWED = [
  'https://paas.example/account',
  'https://whole.example',
  'http://localhost:3000/done',
  'https://p.example:8443/a/b',
]

const hits = [
  'https://paas.example/account',
  'https://paas.example/account/',
  'https://paas.example/account?next=/x/../y%2e',
  'https://paas.example/account/linked',
  'https://paas.example/account/linked?tab=a%20b&x=1#there',
  'https://PAAS.example/account',
  'HTTPS://paas.example/account',
  'https://paas.example:443/account',
  'https://paas.example/account//x',
  'https://paas.example/account/a%2fb',
  'https://whole.example',
  'https://whole.example/',
  'https://whole.example?x',
  'https://whole.example/any/thing',
  'http://localhost:3000/done',
  'http://localhost:3000/done/here',
  'https://p.example:8443/a/b/c',
]

const misses: [text: string, says: string][] = [
  ['https://paas.example', 'RETURN_URLS'],
  ['https://paas.example/', 'RETURN_URLS'],
  ['https://paas.example/accounts', 'RETURN_URLS'],
  ['https://paas.example/account-x', 'RETURN_URLS'],
  ['https://paas.example/accoun', 'RETURN_URLS'],
  ['https://paas.example/Account', 'RETURN_URLS'],
  ['https://paas.example/account%2fx', 'RETURN_URLS'],
  ['https://paas.example/%61ccount', 'RETURN_URLS'],
  ['https://paas.example//account', 'RETURN_URLS'],
  ['https://paas.example/x/account', 'RETURN_URLS'],
  ['https://paas.example:8443/account', 'RETURN_URLS'],
  ['https://paas.example./account', 'RETURN_URLS'],
  ['https://paas.example.evil.example/account', 'RETURN_URLS'],
  ['https://evilpaas.example/account', 'RETURN_URLS'],
  ['https://a.paas.example/account', 'RETURN_URLS'],
  ['https://evil.example/https://paas.example/account', 'RETURN_URLS'],
  ['https://evil.example?https://paas.example/account', 'RETURN_URLS'],
  ['https://p.example/a/b', 'RETURN_URLS'],
  ['https://p.example:8443/a', 'RETURN_URLS'],
  ['http://localhost:3001/done', 'RETURN_URLS'],
  ['https://localhost:3000/done', 'RETURN_URLS'],
  ['http://127.0.0.1:3000/done', 'RETURN_URLS'],
  ['https://paas.example/account/../admin', '".."'],
  ['https://paas.example/account/..', '".."'],
  ['https://paas.example/account/a..b', '".."'],
  ['https://paas.example/account/%2e%2e/admin', '%2e'],
  ['https://paas.example/account/%2E./admin', '%2e'],
  ['https://paas.example/account/.%2e', '%2e'],
  ['https://paas.example\\account', 'backslash'],
  ['https://paas.example/account\\..\\admin', 'backslash'],
  ['https://evil.example\\@paas.example/account', 'backslash'],
  ['https://paas.example/account?x=\\', 'backslash'],
  ['https://paas.example/acc\tount', 'control'],
  ['https://paas.example/account\n', 'control'],
  [' https://paas.example/account', 'spaces'],
  ['https://user@paas.example/account', 'user name'],
  ['https://:pw@paas.example/account', 'user name'],
  ['https://@paas.example/account', 'user name'],
  ['https://paas.example@evil.example/account', 'user name'],
  ['http://paas.example/account', 'https://'],
  ['http://localhost.evil.example:3000/done', 'https://'],
  ['//paas.example/account', 'https address'],
  ['/account', 'https address'],
  ['https:/paas.example/account', 'https address'],
  ['https:///paas.example/account', 'https address'],
  ['https:paas.example/account', 'https address'],
  ['javascript:alert(1)//https://paas.example/account', 'https address'],
  ['ftp://paas.example/account', 'https address'],
  ['https://paas.example:99999/account', 'https address'],
  ['', 'https address'],
  [`https://paas.example/account?x=${'y'.repeat(2048)}`, 'too long'],
]

describe('return_url', () => {
  it.each(hits)('may be %j', (text) => {
    expect(returnUrlProblem(text, ALLOWED)).toBeUndefined()
  })

  it.each(misses)('may not be %j', (text, says) => {
    expect(returnUrlProblem(text, ALLOWED)).toContain(says)
  })

  it.each(hits)('may be nothing without a setting: %j', (text) => {
    expect(returnUrlProblem(text, [])).toContain('no RETURN_URLS')
  })
})

describe('the address that the browser goes back to', () => {
  it.each([
    ['https://p.example/a', 'https://p.example/a?result=linked&code=x'],
    ['https://p.example/a?', 'https://p.example/a?result=linked&code=x'],
    ['https://p.example/a?b=c%20d+e', 'https://p.example/a?b=c%20d+e&result=linked&code=x'],
    ['https://p.example/a?b&b=%2F#f', 'https://p.example/a?b&b=%2F&result=linked&code=x#f'],
    ['https://p.example', 'https://p.example/?result=linked&code=x'],
  ])('keeps the query of %s', (returnUrl, address) => {
    expect(returnAddress(returnUrl, { result: 'linked', code: 'x' })).toBe(address)
  })
})
