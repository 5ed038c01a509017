// Checks a platform's address: its name, the address policy, the connection, the certificate, and which server answers.

import type { Config } from '../../config.ts'
import { Failure } from '../../failure.ts'
import type { OAuthConfig } from '../../platforms/oauth-application.ts'
import { readAnyPlatformUrl } from '../../platforms/platform-url.ts'
import type { Probed } from '../../platforms/probe.ts'
import { probe } from '../../platforms/probe.ts'
import { OAUTH_SCM_TYPES, selfHostedTypeOf } from '../../platforms/scm-types.ts'
import type { Target } from '../../platforms/transport/connect/address.ts'
import { targetOf } from '../../platforms/transport/connect/address.ts'
import type { Certificate, Inspection } from '../../platforms/transport/connect/inspect.ts'
import type { Transport } from '../../platforms/transport/transport.ts'
import { VENDOR_NAMES, vendors } from '../../platforms/vendors.ts'
import { listOf } from '../../text.ts'
import { DAY_MS } from '../../time.ts'
import type { Check } from './check.ts'
import { failed, ok, warning } from './check.ts'

type AddressConfig = OAuthConfig & Pick<Config, 'httpsProxy'>

/** How many seconds our clock and the platform's may differ. */
const CLOCK_SLACK_SECONDS = 60
/** How many days before a certificate expires there is a warning. */
const CERTIFICATE_WARNING_DAYS = 21

/** The vendors' own platforms. */
const HOSTED = VENDOR_NAMES.map((name) => vendors[name].addresses.hosted)

/** An address policy that allows everything, to check only how an address is written; nothing is contacted. */
const ANYWHERE = { checkTarget: () => null, checkAddress: () => null }

export async function checkPlatform(config: AddressConfig, transport: Transport, text: string): Promise<Check[]> {
  const webUrl = webUrlOf(config, text)
  if (typeof webUrl !== 'string') return [webUrl]
  const target = targetOf(new URL(webUrl))
  if (!target) return [failed('address', `${webUrl} is not an https address.`)]
  const inspection = await transport.inspect(target)
  const checks = [ok('address', webUrl), ...checkWay(config, target, inspection)]
  if (checks.some(({ status }) => status === 'failed')) return checks
  return [...checks, ...(await checkAnswer(transport, webUrl))]
}

function webUrlOf(config: AddressConfig, text: string): string | Check {
  const set = OAUTH_SCM_TYPES.map((scmType) => config[scmType].url)
  const known = [...HOSTED, ...set].find((url) => url === text.replace(/\/$/, ''))
  if (known) return known
  const read = readAnyPlatformUrl(text, ANYWHERE, config.publicUrl)
  if (!('problem' in read)) return read.webUrl
  // The address may contain a password.
  return failed('address', `The address ${read.problem}.`)
}

/** Name, address policy, proxy, connection and certificate. */
export function checkWay(config: AddressConfig, target: Target, inspection: Inspection): Check[] {
  const { violation, addresses, fault, proxied, certificate } = inspection
  if (violation) return [failed('policy', `${whyForbidden(violation.log)} ${howToOpen(violation.log.setting)}`)]
  const names = addresses.some(({ address }) => address !== target.host)
    ? [ok('DNS', `${target.host} is at ${addresses.map(({ address }) => address).join(', ')}.`)]
    : []
  return [
    ...names,
    ...checkPolicy(inspection),
    ...checkProxy(config, proxied),
    ...(fault ? [checkFault(fault, proxied)] : []),
    ...(certificate ? [checkCertificate(target, certificate)] : []),
  ]
}

function whyForbidden({
  host,
  port,
  address,
  range,
}: {
  host: string
  port: number
  address: string
  range: string
}): string {
  if (range === 'http') return `${host} is asked for over plain http, which shows the token to the network.`
  if (range === 'port') return `Port ${port} is below 1024 and not 443.`
  return `${address} is no public address (${range}).`
}

function howToOpen(setting: string): string {
  const entry = setting.replace(/^ALLOWED_HOSTS=/, '')
  return entry === 'none' ? 'No setting opens it.' : `To allow it, add to ALLOWED_HOSTS: ${entry}`
}

function checkPolicy({ addresses }: Inspection): Check[] {
  const violations = addresses.flatMap(({ violation }) => violation ?? [])
  if (addresses.length === 0) return []
  if (violations.length === 0) return [ok('policy', 'It may be contacted.')]
  const reasons = [...new Set(violations.map(({ log }) => whyForbidden(log)))]
  // One address that can never be allowed forbids the whole name, whatever its other addresses are.
  const never = violations.find(({ log }) => log.setting === 'none')
  return [failed('policy', `${reasons.join(' ')} ${howToOpen((never ?? violations[0])?.log.setting ?? 'none')}`)]
}

function checkProxy({ httpsProxy }: AddressConfig, proxied: boolean): Check[] {
  if (httpsProxy === null) return []
  const { host } = new URL(httpsProxy)
  return [ok('proxy', proxied ? `Contacted through ${host} (HTTPS_PROXY).` : `Contacted directly, without ${host}.`)]
}

/** With a proxy, a name that we cannot resolve may still be known to the proxy. */
function checkFault(fault: Failure, proxied: boolean): Check {
  const isName = ['ENOTFOUND', 'ENODATA', 'EAI_AGAIN', 'DNS_TIMEOUT'].includes(String(fault.details.log?.fault))
  if (proxied && isName) return warning('DNS', `${fault.message} The proxy may know it.`)
  return failed(isName ? 'DNS' : 'connection', fault.message)
}

const UNKNOWN_AUTHORITY = [
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
]

function checkCertificate({ host }: Target, { subject, issuer, endsAt, problem }: Certificate): Check {
  const end = endsAt.slice(0, 10)
  const about = 'TLS'
  if (problem === 'DEPTH_ZERO_SELF_SIGNED_CERT') {
    return failed(
      about,
      `The certificate of ${host} is self-signed ("${subject}", until ${end}). If it is the right one, put it into a PEM file and set EXTRA_CA_CERTS to its path.`,
    )
  }
  if (problem === 'CERT_HAS_EXPIRED')
    return failed(about, `The certificate of ${host} has expired on ${end}. Its administrator has to renew it.`)
  if (problem === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return failed(
      about,
      `The certificate is not for ${host} but for "${subject}". Use the name it is made for, or have it replaced.`,
    )
  if (problem !== null && UNKNOWN_AUTHORITY.includes(problem)) {
    return failed(
      about,
      `The certificate of ${host} is from an authority that this server does not know ("${issuer}"). Put the authority's certificate into a PEM file and set EXTRA_CA_CERTS to its path; or the platform does not send its intermediate certificates, which its administrator mends.`,
    )
  }
  if (problem !== null)
    return failed(about, `The certificate of ${host} is not valid (${problem}). Its administrator has to replace it.`)
  const days = Math.floor((Date.parse(endsAt) - Date.now()) / DAY_MS)
  if (days < CERTIFICATE_WARNING_DAYS)
    return warning(about, `The certificate from "${issuer}" ends on ${end}. Have it renewed.`)
  return ok(about, `The certificate from "${issuer}" is good until ${end}.`)
}

async function checkAnswer(transport: Transport, webUrl: string): Promise<Check[]> {
  try {
    const probed = await probe(transport, webUrl)
    return [checkName(webUrl, probed), ...checkSunset(probed), ...checkClock(probed)]
  } catch (error) {
    if (error instanceof Failure) return [failed('platform', error.message)]
    throw error
  }
}

function checkName(webUrl: string, { found, statuses }: Probed): Check {
  if (found === null) {
    const seen = statuses.map(({ url, status }) => `${new URL(url).pathname} answers ${status}`).join(', ')
    const names = VENDOR_NAMES.map((name) => vendors[name].words.name)
    return failed(
      'platform',
      `Neither ${listOf(names, 'nor')} answers there (${seen}). Check the address and its path; the API has to be reachable without a sign-in page before it.`,
    )
  }
  const { vendor, name, version, doubt } = found
  if (doubt !== null) return warning('platform', doubt)
  const isHosted = HOSTED.some((url) => new URL(url).hostname === new URL(webUrl).hostname)
  const scmType = selfHostedTypeOf(vendor)
  const byToken = scmType === undefined ? 'Forgelink does not link it.' : `Link it with scm_type ${scmType}.`
  const how = isHosted ? 'Its accounts are linked by OAuth.' : byToken
  return ok('platform', `${name} ${version ?? '(its version is told to those with a token only)'} answers. ${how}`)
}

function checkSunset({ sunset }: Probed): Check[] {
  if (sunset === null) return []
  const when = sunset.slice(0, 10)
  return [warning('API', `It ends the version of its API that Forgelink asks for on ${when}. Update Forgelink before.`)]
}

function checkClock({ time }: Probed): Check[] {
  if (time === null) return []
  const skew = Math.round(Math.abs(Date.now() - Date.parse(time)) / 1000)
  if (skew <= CLOCK_SLACK_SECONDS) return [ok('clock', 'It agrees with the platform’s.')]
  return [
    warning('clock', `It differs from the platform's by ${skew} s. Set it by NTP: the end of tokens is judged by it.`),
  ]
}
