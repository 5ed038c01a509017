// `forgelink doctor`: what it says of the OpenID provider and of trusted issuers.

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { doctor } from '../../src/commands/doctor.ts'
import type { Environment } from '../../src/config.ts'
import { doctorSources, freePort } from '../support/command.ts'
import { newKey, startIssuer, type TestIssuer, trusting } from '../support/issuer.ts'
import { type OpenIdProvider, oidcSettings, startOpenIdProvider } from '../support/openid-provider.ts'

const PUBLIC_URL = 'https://forgelink.example.com'

describe('doctor about issuers', () => {
  let provider: OpenIdProvider
  let issuer: TestIssuer
  beforeAll(async () => {
    provider = await startOpenIdProvider(PUBLIC_URL)
    issuer = await startIssuer()
  })
  beforeEach(async () => {
    provider.tamper = null
    issuer.trouble = null
    await issuer.rotate()
  })
  afterAll(async () => {
    await provider.stop()
    await issuer.close()
  })

  /** Sign, setting and message of each line about an issuer. */
  async function diagnose(environment: Environment): Promise<string[]> {
    const settings = { DATA_DIR: join(tmpdir(), 'forgelink-none'), PUBLIC_URL, ...environment }
    const { text } = await doctor(doctorSources(settings), undefined, { json: false })
    const lines = text.split('\n').filter((line) => /^\S (OIDC_ISSUER|TRUSTED_ISSUERS) /.test(line))
    return lines.map((line) => line.replace(/ {2,}/, ' '))
  }

  it('says nothing where there is none', async () => {
    expect(await diagnose({})).toEqual([])
  })

  it('tells what both sign with, and what to register at the provider', async () => {
    expect(await diagnose({ ...oidcSettings(provider), ...trusting(issuer) })).toEqual([
      `✓ OIDC_ISSUER ${provider.issuer} answers, with keys for RS256. The callback address to register there is ${PUBLIC_URL}/sign-in/oidc/callback`,
      `✓ TRUSTED_ISSUERS ${issuer.issuer} has keys for ES256.`,
    ])
  })

  it('tells how the provider writes itself', async () => {
    provider.tamper = { route: 'discovery', change: (body) => ({ ...body, issuer: `${provider.issuer}/` }) }
    const [line] = await diagnose(oidcSettings(provider))
    expect(line).toContain(`127.0.0.1 calls itself "${provider.issuer}/", so OIDC_ISSUER has to be that`)
    expect(line).toMatch(/^✗ OIDC_ISSUER .* Check OIDC_ISSUER, and what is behind that address\.$/)
  })

  it('tells that nobody answers, before anything else', async () => {
    const away = `http://127.0.0.1:${await freePort()}`
    const lines = await diagnose({ ...oidcSettings({ issuer: away }), ...trusting({ ...issuer, issuer: away }) })
    expect(lines).toEqual([
      expect.stringMatching(/^✗ OIDC_ISSUER 127\.0\.0\.1 refuses connections on port \d+\. Check/),
      expect.stringMatching(/^✗ TRUSTED_ISSUERS 127\.0\.0\.1 refuses connections on port \d+\. Check/),
    ])
  })

  it.each<[string, string, string]>([
    [
      'is another one’s',
      JSON.stringify({ issuer: 'https://evil.example' }),
      'the discovery document is of another issuer',
    ],
    ['is no JSON', '<html>', 'there is no discovery document'],
  ])('tells that a discovery document %s', async (_case, body, reason) => {
    issuer.trouble = (_path, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(body)
      return true
    }
    expect(await diagnose(trusting(issuer))).toEqual([expect.stringContaining(reason)])
  })

  it('tells that no rule takes the keys there are, or that there are none', async () => {
    const only = trusting(issuer, { algorithms: ['RS256', 'EdDSA'] })
    expect(await diagnose(only)).toEqual([
      `! TRUSTED_ISSUERS ${issuer.issuer} has keys for ES256, and no rule takes them: add one of them to its "algorithms".`,
    ])
    const { alg: _alg, ...unnamed } = (await newKey('curve')).jwk
    issuer.keys = [{ ...(await newKey('curve')), jwk: unnamed }]
    expect(await diagnose(trusting(issuer, { algorithms: ['ES256'] }))).toEqual([
      `✓ TRUSTED_ISSUERS ${issuer.issuer} has keys for ES256.`,
    ])
    issuer.keys = []
    expect(await diagnose(trusting(issuer))).toEqual([
      `✗ TRUSTED_ISSUERS ${issuer.issuer} has no key that can be used: its set has none of RSA, EC or OKP. Its administrator has to add one.`,
    ])
  })
})
