// TRUSTED_ISSUERS: what it takes, and what is said of each mistake.

import { describe, expect, it } from 'vitest'
import { openTestFolder, problemsOf } from '../../test/support/settings.ts'
import { readConfig } from '../read-config.ts'
import { parseTrustedIssuers } from './trusted-issuers.ts'

const { file, folder } = openTestFolder()
const PUBLIC_URL = 'https://forge.example/link'
const RULE = { issuer: 'https://idp.example', audience: 'https://forge.example' }
const USER = 'us-6f0c2b1e-8f8e-4a53-9c37-0f6a2b1c9d10'

const problemsIn = (...rules: unknown[]) => problemsOf({ PUBLIC_URL, TRUSTED_ISSUERS: JSON.stringify(rules) })

describe('TRUSTED_ISSUERS', () => {
  it('has defaults for all but issuer and audience, and opens the issuer’s own address', () => {
    const config = readConfig({ TRUSTED_ISSUERS: ` ${JSON.stringify([{ ...RULE, user: null }])}` })
    expect(config.trustedIssuers).toEqual([
      {
        ...RULE,
        jwksUri: null,
        algorithms: 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' '),
        subjectClaim: 'sub',
        createUsers: false,
        user: null,
        scopes: ['read', 'write'],
        requiredClaims: {},
      },
    ])
    expect(config.allowedHosts).toEqual([
      { kind: 'host', host: 'idp.example', port: 443, text: 'idp.example:443', plainHttp: false },
    ])
  })

  it('is unset, empty, or a file', () => {
    expect(readConfig({}).trustedIssuers).toEqual([])
    expect(readConfig({ TRUSTED_ISSUERS: '[]' }).trustedIssuers).toEqual([])
    const rule = {
      issuer: 'http://127.0.0.1:8080/realms/Corp/',
      audience: 'Forge',
      jwks_uri: 'https://keys.example/jwks?v=1',
      algorithms: ['ES256'],
      subject_claim: 'oid',
      create_users: true,
      scopes: ['read', 'access_tokens'],
      required_claims: { hd: 'corp.example', 'kubernetes.io': { namespace: 'ci' }, level: 2, staff: true },
    }
    const config = readConfig({ TRUSTED_ISSUERS: file('issuers.json', `\n ${JSON.stringify([rule])}\n`) })
    expect(config.trustedIssuers).toEqual([
      {
        issuer: rule.issuer,
        audience: 'Forge',
        jwksUri: rule.jwks_uri,
        algorithms: ['ES256'],
        subjectClaim: 'oid',
        createUsers: true,
        user: null,
        scopes: ['read', 'access_tokens'],
        requiredClaims: rule.required_claims,
      },
    ])
    expect(config.allowedHosts).toMatchObject([{ host: '127.0.0.1', port: 8080, plainHttp: true }])
  })

  it.each([
    ['/nowhere/issuers.json', 'names a file that cannot be read: "/nowhere/issuers.json"'],
    ['https://idp.example', 'names a file that cannot be read: "https://idp.example"'],
    [file('empty.json', ''), 'is not JSON, or the path of a file of JSON'],
    ['[{', 'is not JSON, or the path of a file of JSON'],
    [JSON.stringify(RULE), 'must be a list of rules such as'],
    ['["https://idp.example"]', 'must be a list of rules such as'],
    ['[null]', 'must be a list of rules such as'],
    ['[[]]', 'must be a list of rules such as'],
    [folder, 'names a file that cannot be read'],
  ])('is refused: %s', (TRUSTED_ISSUERS, problem) => {
    expect(problemsOf({ TRUSTED_ISSUERS })).toEqual([expect.stringContaining(`TRUSTED_ISSUERS ${problem}`)])
  })

  const wrong: [member: string, values: unknown[]][] = [
    [
      'issuer',
      [
        undefined,
        null,
        1,
        '',
        'idp.example',
        'kubernetes/serviceaccount',
        'http://idp.example',
        'https://u@idp.example',
        'https://u:hunter2@idp.example',
        'https://idp.example#a',
        'https://idp.example?a=b',
        ' https://idp.example',
        'https://idp_%.example',
        `https://idp.example/${'x'.repeat(250)}`,
        PUBLIC_URL,
        `${PUBLIC_URL}/`,
      ],
    ],
    ['audience', [undefined, null, '', ' ', ['a'], 1]],
    ['jwks_uri', ['jwks', 'http://idp.example/jwks', 'file:///jwks', 1]],
    ['algorithms', ['ES256', [], ['HS256'], ['ES256', 'none'], ['HS512'], ['es256'], [1]]],
    ['subject_claim', ['', 1, ['sub']]],
    ['create_users', ['true', 1]],
    ['user', ['ada', 'us-1', 1, USER.toUpperCase()]],
    ['scopes', ['read', [], ['tokens'], ['account'], ['admin:read'], ['read', 'x']]],
    ['required_claims', ['hd', ['hd'], { hd: null }, { hd: ['a'] }, { hd: {} }]],
  ]
  it.each(wrong)('names %s where it is wrong', (member, values) => {
    for (const value of values) {
      const problems = problemsIn({ ...RULE, [member]: value })
      expect([value, problems]).toEqual([value, [expect.stringMatching(`^TRUSTED_ISSUERS rule 1: ${member} \\S`)]])
      expect(problems.join()).not.toContain('hunter2')
    }
  })

  it('names every problem of every rule at once', () => {
    expect(problemsIn({ issuer: 'x', algorithms: ['HS256'] }, RULE, { ...RULE, audiance: 'x', user: 'ada' })).toEqual([
      'TRUSTED_ISSUERS rule 1: issuer must be an address that starts with https://, not "x"',
      'TRUSTED_ISSUERS rule 1: audience is required',
      expect.stringContaining('TRUSTED_ISSUERS rule 1: algorithms must be a list of some of RS256,'),
      expect.stringContaining('TRUSTED_ISSUERS rule 3: "audiance" is no member of a rule; there are issuer, audience,'),
      expect.stringContaining('TRUSTED_ISSUERS rule 3: user must be the id of a user'),
    ])
  })

  it('refuses the audience of sign-ins', () => {
    const parse = parseTrustedIssuers({ publicUrl: PUBLIC_URL, oidcClientId: RULE.audience })
    expect(() => parse(JSON.stringify([RULE]))).toThrow(
      expect.objectContaining({
        errors: [
          expect.objectContaining({ message: expect.stringMatching(/^rule 1: audience must not be OIDC_CLIENT_ID/) }),
        ],
      }),
    )
    expect(parse(JSON.stringify([{ ...RULE, audience: `${RULE.audience}/` }]))).toHaveLength(1)
  })

  it.each([
    'https://token.actions.githubusercontent.com',
    'https://token.actions.githubusercontent.com/octo',
    'https://gitlab.com',
    'https://gitlab.com/',
    'https://GitLab.com',
    'https://accounts.google.com',
    'https://login.microsoftonline.com/common/v2.0',
    'https://login.microsoftonline.com/organizations/v2.0',
    'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
    'https://sts.windows.net/common/',
    'https://agent.buildkite.com',
    'https://app.terraform.io',
  ])('refuses %s without required_claims, since it signs for everybody', (issuer) => {
    for (const claims of [{}, { required_claims: {} }, { required_claims: null }]) {
      expect(problemsIn({ ...RULE, issuer, ...claims })).toEqual([
        expect.stringMatching(/^TRUSTED_ISSUERS rule 1: required_claims is required/),
      ])
    }
    expect(problemsIn({ ...RULE, issuer, required_claims: { repository_owner: 'octo' } })).toEqual([])
  })

  it.each([
    'https://gitlab.corp.example',
    'https://evilgitlab.com',
    'https://gitlab.com.evil.example',
    'https://login.microsoftonline.com/6f0c2b1e-8f8e-4a53-9c37-0f6a2b1c9d10/v2.0',
    'https://token.actions.octo.ghe.com',
  ])('takes %s without them', (issuer) => {
    expect(problemsIn({ ...RULE, issuer })).toEqual([])
  })

  it('takes several rules of an issuer whose keys and subjects are the same', () => {
    const fixed = { ...RULE, user: USER, subject_claim: 'actor', required_claims: { repository: 'octo/app' } }
    expect(problemsIn(fixed, RULE, { ...RULE, subject_claim: 'sub', audience: 'other' })).toEqual([])
    expect(problemsIn(RULE, { ...RULE, jwks_uri: 'https://keys.example/jwks' })).toEqual([
      'TRUSTED_ISSUERS rule 2: jwks_uri must be the same in all rules of an issuer',
    ])
    expect(problemsIn(RULE, fixed, { ...RULE, subject_claim: 'actor' })).toEqual([
      'TRUSTED_ISSUERS rule 3: subject_claim must be the same in all rules of an issuer that have no user',
    ])
    expect(problemsIn({ ...RULE, user: USER, create_users: true })).toEqual([
      'TRUSTED_ISSUERS rule 1: user and create_users exclude each other: set one of them',
    ])
  })
})
