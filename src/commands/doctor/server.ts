// Asks the server that runs on this machine, if one does: which version it is, and whether it has the same settings.

import { parseAllowedHost } from '../../config/hosts.ts'
import type { Config } from '../../config.ts'
import { Failure } from '../../failure.ts'
import { ownVersion } from '../../metrics/version.ts'
import { membersOf } from '../../platforms/answers.ts'
import { createTransport } from '../../platforms/transport/transport.ts'
import { digestSettings, signDoctor } from '../../secrets/doctor-access.ts'
import type { Vault } from '../../secrets/vault.ts'
import { listOf } from '../../text.ts'
import type { Check } from './check.ts'
import { ok, warning } from './check.ts'

/** In milliseconds: it is on the same machine. */
const PATIENCE = { dns: 1_000, connect: 1_000, headers: 2_000, idle: 1_000 }
const ABOUT = 'server'

/** Says nothing when none answers. `vault` null: no key is at hand. */
export async function checkServer(config: Config, vault: Vault | null): Promise<Check[]> {
  if (config.port === 0) return []
  const origin = `http://${loopbackOf(config.host)}:${config.port}`
  const signed = vault && (await signDoctor(vault))
  try {
    const { status, members } = await ask(origin, signed?.jwt ?? '')
    if (status === 401) return [warning(ABOUT, otherKeys(origin))]
    const { version, settings } = members
    if (status !== 200 || !signed || typeof version !== 'string' || !isRecord(settings)) {
      return [warning(ABOUT, `What answers at ${origin} is no Forgelink, or an older one.`)]
    }
    return compare(origin, { version, settings }, digestSettings(signed.key, config))
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    if (error.details.log?.fault === 'ECONNREFUSED') return []
    return [warning(ABOUT, `What is at ${origin} does not answer as Forgelink does: ${error.message}`)]
  }
}

/** Where a server that listens on `host` can be reached from the same machine. */
function loopbackOf(host: string): string {
  if (['0.0.0.0', 'localhost'].includes(host)) return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}

async function ask(origin: string, jwt: string): Promise<{ status: number; members: Record<string, unknown> }> {
  const allowedHosts = [parseAllowedHost(origin)]
  const transport = createTransport({
    allowedHosts,
    extraCaCerts: null,
    httpsProxy: null,
    noProxy: [],
    limits: PATIENCE,
  })
  const url = new URL(`${origin}/doctor`)
  try {
    const { status, body } = await transport.probe({
      method: 'GET',
      url,
      headers: { accept: 'application/json', authorization: `Bearer ${jwt}` },
      body: null,
      endpoint: transport.endpointOf(url),
      maxBytes: transport.limits.object,
      scope: 'doctor',
      root: origin,
      deadline: Date.now() + PATIENCE.headers,
    })
    return { status, members: membersOf(body) }
  } finally {
    await transport.close()
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function otherKeys(origin: string): string {
  return `A server runs at ${origin} that does not have the same keys. Run doctor with the settings of that server, or stop it.`
}

function compare(
  origin: string,
  server: { version: string; settings: Record<string, unknown> },
  own: Record<string, string>,
): Check[] {
  const differing = Object.keys(own).filter((name) => own[name] !== server.settings[name])
  const versions =
    server.version === ownVersion()
      ? ok(ABOUT, `Forgelink ${server.version} runs at ${origin}.`)
      : warning(ABOUT, `Forgelink ${server.version} runs at ${origin}, and this is ${ownVersion()}. Restart it.`)
  if (differing.length === 0) return [{ ...versions, message: `${versions.message} It has the same settings.` }]
  const names = listOf(differing.map(settingOf), 'and')
  const advice = 'Restart it if they were changed, or run doctor with the settings of that server.'
  return [versions, warning(ABOUT, `It has other values of ${names}. ${advice}`)]
}

/** Members that hold several settings. */
const SEVERAL: Record<string, string> = { github: 'GITHUB_…', gitlab: 'GITLAB_…', oidc: 'OIDC_…', postgres: 'PG_…' }

/** `PUBLIC_URL` of `publicUrl`. */
function settingOf(member: string): string {
  return SEVERAL[member] ?? member.replace(/[A-Z]/g, '_$&').toUpperCase()
}
