import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createBreaker, type Verdict } from './breaker.ts'

const A = { account: 'A', root: 'https://a', host: 'a' }
const BOUNDS = { breakerFailures: 10, breakerWindow: 30_000, breakerPause: 30_000 }

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

/**
 * Each letter is a call: f fails, a is answered, u is unknown; `!` one that must be refused, a digit seconds that pass.
 * A capital names the account that calls from then on; 0 is a link that has never worked.
 */
function play(script: string, root = 'https://a', breaker = createBreaker(BOUNDS, () => {})): typeof breaker {
  let account: string | null = 'A'
  const enter = () => breaker.enter({ account, root, host: 'a' })
  const verdicts: Record<string, Verdict> = { f: 'failed', a: 'answered', u: 'unknown' }
  for (const step of script.match(/[1-9]\d*|./g) ?? []) {
    const verdict = verdicts[step]
    if (/^[A-Z0]$/.test(step)) account = step === '0' ? null : step
    else if (verdict) enter()(verdict)
    else if (step === '!') expect(enter).toThrow(expect.objectContaining({ code: 'scm_unavailable' }))
    else vi.advanceTimersByTime(Number(step) * 1000)
  }
  return breaker
}

test.each([
  ['nine failures are not ten', 'fffffffff u'.replace(' ', '')],
  ['ten are', 'ffffffffff!'],
  ['and last 30 seconds', 'ffffffffff!29!'],
  ['then one is tried', 'ffffffffff30a'],
  ['and when it is answered all may pass', 'ffffffffff30aaaa'],
  ['and the count starts anew', 'ffffffffff30afffffffffa'],
  ['when it fails another 30 seconds pass', 'ffffffffff30f!29!1a'],
  ['a probe that told nothing leaves room for the next', 'ffffffffff30ua'],
  ['failures of longer ago do not count', 'fffff30fffffu'],
  ['what is neither failed nor answered does not count', 'fffffffffuuuuuuuuuu'],
  ['one failing query among good ones shuts nobody out', 'afafafafafafafafafafafafu'],
  ['but ten in a row do, however many were good before', 'aaaaaaaaaaaffffffffff!'],
  ['and good answers of longer ago save nobody', 'aaaaaaaaaaaa30afffffffafff!'],
  ['one account’s failures leave the platform alone for that account only', 'ffffffffff!BaaaaA!'],
  ['ten of two accounts leave it alone for all', 'fffffBfffff!A!C!0!'],
  ['one that fails every probe does not keep it shut to others', 'fffffBfffff30f30fCa'],
  ['what links see that have never worked opens nothing', '0ffffffffffffffffffffaAaBa'],
])('%s', (_name, script) => {
  play(script)
})

test('a second call during the probe is refused, and another origin is unaffected', () => {
  const breaker = play('ffffffffff30')
  const report = breaker.enter(A)
  expect(() => breaker.enter(A)).toThrow('left alone')
  play('aaa', 'https://b', breaker)
  report('answered')
  play('a', 'https://a', breaker)
})

test('the refusal says how many seconds are left', () => {
  const breaker = play('ffffffffff10')
  expect(() => breaker.enter(A)).toThrow(expect.objectContaining({ details: { retryAfter: 20 } }))
})
