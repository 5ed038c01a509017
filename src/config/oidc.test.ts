// The settings for signing in at an OpenID provider: what each means, and what is refused at the start.

import { describe, expect, it } from 'vitest'
import { openTestFolder, problemsOf } from '../../test/support/settings.ts'
import type { Environment } from '../config.ts'
import { readConfig } from '../read-config.ts'

const { file } = openTestFolder()
const RIGHT = { OIDC_ISSUER: 'https://login.corp.example', OIDC_CLIENT_ID: 'forgelink', OIDC_CLIENT_SECRET: 's3cret' }

function problems(env: Environment): string[] {
  return problemsOf({ ...RIGHT, ...env })
}

describe('the settings of the OpenID provider', () => {
  it('have the documented defaults', () => {
    const { oidc, passwordSignIn, allowedHosts } = readConfig(RIGHT)
    expect(oidc).toEqual({
      issuer: 'https://login.corp.example',
      clientId: 'forgelink',
      clientSecret: 's3cret',
      scopes: 'openid profile email',
      label: 'single sign-on',
      subjectClaim: 'sub',
      createUsers: true,
      requiredClaim: null,
      adminClaim: null,
    })
    expect(passwordSignIn).toBe(true)
    expect(allowedHosts).toEqual([
      { kind: 'host', host: 'login.corp.example', port: 443, plainHttp: false, text: 'login.corp.example:443' },
    ])
  })

  it('are all taken', () => {
    const { oidc, passwordSignIn } = readConfig({
      ...RIGHT,
      OIDC_SCOPES: 'openid, groups',
      OIDC_LABEL: 'Corp ID',
      OIDC_SUBJECT_CLAIM: 'oid',
      OIDC_CREATE_USERS: 'false',
      OIDC_REQUIRED_CLAIM: 'hd:corp.example',
      OIDC_ADMIN_CLAIM: 'https://corp.example/roles:forgelink:admins',
      PASSWORD_SIGN_IN: 'false',
    })
    expect(oidc).toMatchObject({
      scopes: 'openid groups',
      label: 'Corp ID',
      subjectClaim: 'oid',
      createUsers: false,
      requiredClaim: { name: 'hd', value: 'corp.example' },
      adminClaim: { name: 'https://corp.example/roles', value: 'forgelink:admins' },
    })
    expect(passwordSignIn).toBe(false)
  })

  it('keep the issuer as it is written, and take http on loopback', () => {
    for (const issuer of [
      'https://corp.auth0.example/',
      'https://Login.corp.example/realms/A',
      'http://127.0.0.1:8080',
    ]) {
      expect(readConfig({ ...RIGHT, OIDC_ISSUER: issuer }).oidc?.issuer).toBe(issuer)
    }
  })

  it('take the secret from a file', () => {
    const env = { ...RIGHT, OIDC_CLIENT_SECRET: '', OIDC_CLIENT_SECRET_FILE: file('secret', 'from a file\n') }
    expect(readConfig(env).oidc?.clientSecret).toBe('from a file')
  })

  it.each([
    ['OIDC_ISSUER', 'login.corp.example', 'must be an http(s) address'],
    ['OIDC_ISSUER', 'http://login.corp.example', 'must start with https://'],
    ['OIDC_ISSUER', 'https://login.corp.example?x=1', 'must be a plain address'],
    [
      'OIDC_ISSUER',
      'https://login.corp.example/a/.well-known/openid-configuration',
      'use https://login.corp.example/a',
    ],
    ['OIDC_ISSUER', 'http://localhost:4600', 'is the address of this server'],
    ['OIDC_SCOPES', 'profile email', 'must hold openid'],
    ['OIDC_LABEL', 'x'.repeat(61), 'must be at most 60 characters'],
    ['OIDC_SUBJECT_CLAIM', 'email', 'must not be email'],
    ['OIDC_SUBJECT_CLAIM', 'a b', 'must be the name of a claim'],
    ['OIDC_CREATE_USERS', 'yes', 'must be true or false'],
    ['OIDC_REQUIRED_CLAIM', 'hd', 'must be a claim and its value'],
    ['OIDC_REQUIRED_CLAIM', ':x', 'must be a claim and its value'],
    ['OIDC_ADMIN_CLAIM', 'groups:', 'must be a claim and its value'],
    ['OIDC_ADMIN_CLAIM', 'https://corp.example', 'must be a claim and its value'],
    ['PASSWORD_SIGN_IN', 'no', 'must be true or false'],
    ['OIDC_CLIENT_ID', '', 'is required with OIDC_ISSUER'],
    ['OIDC_CLIENT_SECRET', '', 'is required with OIDC_ISSUER'],
  ])('refuse %s=%s', (name, value, sentence) => {
    const said = problems({ [name]: value })
    expect(said).toHaveLength(1)
    expect(said[0]).toContain(`${name} `)
    expect(said[0]).toContain(sentence)
  })

  it.each([
    'https://accounts.google.com',
    'https://login.microsoftonline.com/common/v2.0',
    'https://login.microsoftonline.com/organizations/v2.0',
    'https://login.microsoftonline.com/consumers/v2.0',
    'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0',
    'https://gitlab.com',
    'https://token.actions.githubusercontent.com',
  ])('ask for a required claim where everybody can sign in: %s', (issuer) => {
    expect(problems({ OIDC_ISSUER: issuer })).toEqual([expect.stringMatching(/^OIDC_REQUIRED_CLAIM is required/)])
    expect(problems({ OIDC_ISSUER: issuer, OIDC_REQUIRED_CLAIM: 'hd:corp.example' })).toEqual([])
  })

  it('do not ask for one at an organisation’s own tenant', () => {
    const tenant = 'https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0'
    expect(problems({ OIDC_ISSUER: tenant })).toEqual([])
  })

  it('mean nothing without an issuer, which is said', () => {
    const set = { OIDC_CLIENT_ID: 'x', OIDC_ADMIN_CLAIM: 'groups:a' }
    expect(problemsOf(set)).toEqual([
      'OIDC_CLIENT_ID needs OIDC_ISSUER: set it too, or take this one away',
      'OIDC_ADMIN_CLAIM needs OIDC_ISSUER: set it too, or take this one away',
    ])
    expect(problemsOf({ PASSWORD_SIGN_IN: 'false' })).toEqual([
      'PASSWORD_SIGN_IN is false, but without OIDC_ISSUER nobody could sign in: set it too',
    ])
  })

  it('never repeat the secret', () => {
    const said = problemsOf({ ...RIGHT, OIDC_ISSUER: 'x', OIDC_CLIENT_SECRET: 'hunter2' }).join('\n')
    expect(said).not.toContain('hunter2')
  })
})
