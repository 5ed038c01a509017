import { expect, it } from 'vitest'
import { factsOfOAuthToken, factsOfPersonalToken, missingScopes } from './scopes.ts'

it('keeps of what a server calls scopes the names, and a hundred at most', () => {
  const told = ['read_api', 'x'.repeat(4_000), '<i>', ...Array.from({ length: 500 }, (_, n) => `scope_${n}`)]
  for (const { scopes } of [
    factsOfPersonalToken({ scopes: told, expires_at: null }),
    factsOfOAuthToken({ scope: told, expires_in: null }),
  ]) {
    expect(scopes?.slice(0, 2)).toEqual(['read_api', 'scope_0'])
    expect(scopes).toHaveLength(100)
  }
})

it('does not call anything missing of a fine-grained token, whatever was asked for', () => {
  expect(missingScopes(['granular'], ['api', 'read_repository'])).toEqual([])
  expect(missingScopes(['read_user'], ['api'])).toEqual(['read_api', 'api'])
  expect(missingScopes(['api'], ['read_user'])).toEqual([])
})
