// Reads the settings for sending mail: SMTP_URL and MAIL_FROM.

import { shown } from './values.ts'

/** The operator's mail server, and whom its mail is from. */
export interface MailConfig {
  host: string
  port: number
  /** `from_start`: smtps. `starttls`: the connection begins plain and has to turn to TLS. `none`: it stays plain. */
  tls: 'from_start' | 'starttls' | 'none'
  /** null: the server takes mail without. */
  login: { user: string; password: string } | null
  from: MailAddress
}

export interface MailAddress {
  name: string
  address: string
}

/** Settings whose value is a secret. */
export const MAIL_SECRETS = ['SMTP_URL']

interface Reader {
  read<T>(name: string, fallback: T, parse: (text: string) => T): T
  env: Record<string, string | undefined>
  /** Gets a sentence for what concerns both settings. */
  problems: string[]
}

type Server = Omit<MailConfig, 'from'>

/** null: no mail is sent. */
export function readMail({ read, env, problems }: Reader): MailConfig | null {
  const server = read<Server | null>('SMTP_URL', null, parseSmtpUrl)
  const from = read<MailAddress | null>('MAIL_FROM', null, parseMailAddress)
  const isSet = (name: string) => Boolean(env[name]?.trim())
  if (isSet('SMTP_URL') && !isSet('MAIL_FROM')) {
    problems.push('MAIL_FROM is required with SMTP_URL: whom mail is from, such as Forgelink <forgelink@example.com>')
  }
  if (isSet('MAIL_FROM') && !isSet('SMTP_URL')) {
    problems.push('MAIL_FROM needs SMTP_URL: set it too, or take this one away')
  }
  return server && from && { ...server, from }
}

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)$/i
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i

/** The usual ports: submission with and without TLS from the start, RFC 8314 section 3. */
const PORTS = { 'smtp:': 587, 'smtps:': 465 }

function parseSmtpUrl(text: string): Server {
  const url = URL.parse(text)
  if (!url || (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') || !HOST.test(url.hostname)) {
    throw new Error(
      'must be an address such as smtps://user:password@mail.example.com or smtp://mail.example.com:587; write %, @, :, / and # of a password as %25, %40, %3A, %2F and %23',
    )
  }
  if (!/^\/?$/.test(url.pathname) || url.hash !== '') throw new Error('must end with the host or the port')
  if (url.search !== '' && (url.search !== '?tls=none' || url.protocol === 'smtps:')) {
    throw new Error('may have nothing after a ? but, with smtp://, tls=none')
  }
  if ((url.username === '') !== (url.password === '')) throw new Error('needs both a user and a password, or none')
  if (url.port === '0') throw new Error('must not have the port 0')
  const login = url.username === '' ? null : { user: decoded(url.username), password: decoded(url.password) }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || PORTS[url.protocol]),
    tls: tlsOf(url),
    login,
  }
}

/** Mail holds links that set passwords, so only what stays on this machine goes without TLS unasked. */
function tlsOf({ protocol, search, hostname }: URL): MailConfig['tls'] {
  if (protocol === 'smtps:') return 'from_start'
  return search !== '' || LOOPBACK.test(hostname) ? 'none' : 'starttls'
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new Error('has a % in it that is not followed by a character; write % itself as %25')
  }
}

/** One address, with a name or without: `Forgelink <forgelink@example.com>`. */
function parseMailAddress(text: string): MailAddress {
  const [, quoted = '', address = text] = /^(.*?)\s*<([^<>]*)>$/.exec(text) ?? []
  const name = quoted.replace(/^"(.*)"$/, '$1')
  if (!/^[^\s@"<>(),:;\p{C}]{1,64}@[^\s@"<>(),:;\p{C}]{1,189}$/u.test(address) || /["<>\p{C}]/u.test(name)) {
    throw new Error(`must be one e-mail address such as Forgelink <forgelink@example.com>, not ${shown(text)}`)
  }
  return { name, address }
}
