// The commands for what one user has: `forgelink token …` and `forgelink integration …`, beside a server.

import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { startSandbox } from '../../sandbox/sandbox.ts'
import { openBrowser, ownAddress } from '../support/browser.ts'
import { forgelinkHere } from '../support/command.ts'
import { linkByOAuth, livingTokens, oauthSettings } from '../support/oauth.ts'
import { linkAccount } from '../support/platforms.ts'
import { type Account, describeOnBothEngines, exchange, type Service, startService } from '../support/service.ts'
import { until } from '../support/until.ts'

const NOBODYS = '0b9d0c3c-5a0e-4d0e-b6b4-6a3a5c6f7d8e'

describeOnBothEngines('what one user has', (engine) => {
  let sandbox: Sandbox
  let service: Service
  let alice: Account
  let ben: Account

  beforeAll(async () => {
    sandbox = await startSandbox({ ports: 'free' })
    service = await startService(engine, {
      ...(await ownAddress()),
      ...oauthSettings(sandbox),
      SECRET_KEYS: `k1:${Buffer.alloc(32, 1).toString('base64')}`,
      ALLOWED_HOSTS: new URL(sandbox.platforms['gitlab-self-hosted'].url).origin,
    })
    alice = await service.addAccount('alice')
    ben = await service.addAccount('ben')
  })
  afterAll(async () => {
    await service?.close()
    await sandbox?.close()
  })

  async function printed(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await forgelinkHere(args, service.environment)
    expect([code, stderr]).toEqual([0, ''])
    return stdout
  }

  async function rejected(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await forgelinkHere(args, service.environment)
    expect([code, stdout]).toEqual([1, ''])
    return stderr
  }

  it('lists API tokens without their values, and removes one with its JWTs', async () => {
    const { json } = await alice.call('POST', '/v1/tokens', { name: 'ci', scopes: ['read'] })
    const { id, token } = json.token
    const bearer = { authorization: `Bearer ${await exchange(service.url, token)}` }
    const text = await printed('token', 'list', '--user', 'alice')
    expect(text).toMatch(/^ID +NAME +SCOPES +LAST USED +EXPIRES$/m)
    expect(text).toMatch(new RegExp(`^${id} +ci +read +\\d{4}-\\d\\d-\\d\\d +-$`, 'm'))
    const { tokens } = JSON.parse(await printed('token', 'list', '--user', 'alice', '--json'))
    expect(tokens).toEqual((await alice.call('GET', '/v1/tokens')).json.tokens)
    expect(text + JSON.stringify(tokens)).not.toContain('tk-us-')

    expect(await rejected('token', 'remove', id, '--user', 'ben')).toBe(
      `forgelink: There is no API token "${id}" of ben. "forgelink token list --user ben" names all.\n`,
    )
    expect(await printed('token', 'remove', id, '--user', 'alice')).toBe(
      'Removed the API token "ci" of alice. What was made from it has ended.\n',
    )
    await until(async () => (await fetch(`${service.url}/v1/users/self`, { headers: bearer })).status === 401, 15)
    expect(await rejected('token', 'remove', id, '--user', 'alice')).toContain('There is no API token')
  })

  it('lists links without their tokens, and unlinks: what OAuth obtained is revoked', async () => {
    const pasted = await linkAccount(alice, sandbox.platforms['gitlab-self-hosted'])
    const browser = openBrowser(service)
    await browser.signIn(alice)
    const byOAuth = await linkByOAuth(browser, 'gitlab')
    const text = await printed('integration', 'list', '--user', 'alice')
    expect(text).toMatch(/^ID +TYPE +URL +ACCOUNT +STATUS$/m)
    expect(text).toMatch(new RegExp(`^${byOAuth} +gitlab +http\\S+ +alice +ok$`, 'm'))
    const { scm_integrations: links } = JSON.parse(await printed('integration', 'list', '--user', 'alice', '--json'))
    expect(links.map(({ id }: { id: string }) => id)).toEqual([pasted, byOAuth])
    expect(JSON.stringify(links)).not.toMatch(/glpat|access_token/)
    expect(await printed('integration', 'list', '--user', ben.username)).toBe('ben has linked no account.\n')

    expect(await rejected('integration', 'unlink', byOAuth, '--user', 'ben')).toContain('There is no link')
    expect(await rejected('integration', 'unlink', NOBODYS, '--user', 'nobody')).toContain('There is no user "nobody"')
    expect(await printed('integration', 'unlink', byOAuth, '--user', 'alice')).toMatch(
      /^Unlinked alice at http\S+ from alice\. The running server, or the next one, revokes its token there\.$/m,
    )
    await until(async () => livingTokens(sandbox.platforms.gitlab).length === 0, 15)
    expect(await printed('integration', 'unlink', 'gitlab-self-hosted', '--user', 'alice')).toContain(
      'Its token was pasted, and stays valid there',
    )
    expect((await alice.call('GET', '/v1/scm_integrations')).json.scm_integrations).toEqual([])
    const { json } = await alice.call('GET', '/v1/events')
    const vias = json.events.filter(({ type }: { type: string }) => type === 'delete_integration')
    expect(vias).toMatchObject([{ via: 'command_line' }, { via: 'command_line' }])
  })
})
