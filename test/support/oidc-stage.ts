// A service whose people sign in at an OpenID provider, both on loopback.

import { expect } from 'vitest'
import type { Environment } from '../../src/config.ts'
import { ownAddress } from './browser.ts'
import { addPerson, openVisitor, signInThere, type Visitor } from './oidc-visit.ts'
import { type OpenIdProvider, oidcSettings, startOpenIdProvider } from './openid-provider.ts'
import { type Engine, type Service, startService } from './service.ts'

export interface OidcStage {
  provider: OpenIdProvider
  /** Another one after `restart`. */
  service: Service
  /** With these settings besides, and an empty store. */
  restart(settings: Environment): Promise<void>
  /** The browser of somebody new, who has signed in. */
  signIn(name: string): Promise<Visitor & { sub: string }>
  close(): Promise<void>
}

export async function startOidcStage(
  engine: Engine,
  options: Parameters<typeof startService>[2] = {},
  authMethod?: Parameters<typeof startOpenIdProvider>[1],
): Promise<OidcStage> {
  const address = await ownAddress()
  const provider = await startOpenIdProvider(address.PUBLIC_URL ?? '', authMethod)
  const start = (settings: Environment = {}) =>
    startService(engine, { ...address, ...oidcSettings(provider), ...settings }, options)
  const stage: OidcStage = {
    provider,
    service: await start(),
    async restart(settings) {
      await stage.service.close()
      stage.service = await start(settings)
    },
    async signIn(name) {
      const sub = addPerson(provider, name)
      const visitor = openVisitor(stage.service, provider)
      expect((await signInThere(visitor, stage.service)).status).toBe(303)
      return { ...visitor, sub }
    },
    async close() {
      await stage.service.close()
      await provider.stop()
    },
  }
  return stage
}
