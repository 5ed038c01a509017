// Sends mail through the operator's SMTP server. Its library is loaded with the first mail, since most servers send none.

import type { MailConfig } from '../config.ts'
import type { Log } from '../log-events.ts'
import { asOneLine } from '../text.ts'

/** Plain text to one person. */
export interface Mail {
  to: string
  subject: string
  text: string
}

/** Both give null when all is well, or else a sentence on what the mail server does not do, without its own words. */
export interface Mailer {
  /** Whether the server has taken the mail. The operator's log has more on a mail that it did not take. */
  send(mail: Mail): Promise<string | null>
  /** Whether it answers, lets us sign in, and has a certificate that is trusted. */
  check(): Promise<string | null>
}

/** For the whole of a mail, since a person waits: each of the library's own limits begins anew with every answer. */
const MAX_MAIL_MS = 10_000

const REASON_LENGTH = 200

/** `authorities`: whose certificates are trusted, as TLS options. */
export function createMailer(
  { host, port, tls, login, from }: MailConfig,
  authorities: { ca?: string[] },
  { log = () => undefined, maxMs = MAX_MAIL_MS }: { log?: Log; maxMs?: number | undefined } = {},
): Mailer {
  async function open() {
    const { createTransport } = await import('nodemailer')
    return createTransport({
      host,
      port,
      secure: tls === 'from_start',
      requireTLS: tls === 'starttls',
      ignoreTLS: tls === 'none',
      tls: { ...authorities, rejectUnauthorized: true },
      ...(login && { auth: { user: login.user, pass: login.password } }),
      dnsTimeout: maxMs,
      connectionTimeout: maxMs,
      greetingTimeout: maxMs,
      socketTimeout: maxMs,
      disableFileAccess: true,
      disableUrlAccess: true,
    })
  }

  return {
    async send({ to, subject, text }) {
      try {
        const transport = await open()
        // As an object an address is one recipient, whatever is in it: as a text, "a,b@c.example" would be two.
        // https://nodemailer.com/message/addresses
        const recipient = { name: '', address: to }
        await transport.sendMail({ from, to: recipient, subject, text, signal: AbortSignal.timeout(maxMs) })
        return null
      } catch (error) {
        log('mail_not_sent', { host, reason: reasonOf(error) })
        return problemOf(error, to)
      }
    },
    async check() {
      try {
        await (await open()).verify()
        return null
      } catch (error) {
        return `${problemOf(error, '')} (${reasonOf(error)})`
      }
    },
  }
}

/** What the library tells of an error: https://nodemailer.com/errors */
interface SmtpError {
  code?: string
  /** The command that failed. */
  command?: string
  /** The server's answer to it. */
  responseCode?: number
  message?: string
}

/** For the operator. The server's own words are left out: they may repeat what was sent, the password too. */
function reasonOf(error: unknown): string {
  const { code, responseCode, command, message = '' } = error as SmtpError
  // These two are of this machine, and say which address or which certificate.
  if (code === 'ESOCKET' || code === 'EDNS') return asOneLine(message, REASON_LENGTH)
  return [code, command, responseCode].filter((part) => part !== undefined).join(' ')
}

function problemOf(error: unknown, to: string): string {
  const { code, command, responseCode } = error as SmtpError
  const answer = responseCode === undefined ? '' : ` (it answers ${responseCode})`
  switch (code) {
    case 'EABORT':
    case 'ETIMEDOUT':
      return 'The mail server did not answer in time.'
    case 'EAUTH':
    case 'ENOAUTH':
      return `The mail server does not accept the user and password of SMTP_URL${answer}.`
    case 'EENVELOPE':
      return command === 'RCPT TO'
        ? `The mail server takes no mail to ${to}${answer}.`
        : `The mail server takes no mail from the address in MAIL_FROM${answer}.`
    case 'ETLS':
      return 'The mail server does not offer TLS with STARTTLS: use smtps:// in SMTP_URL, or add ?tls=none to it if its network is trusted.'
    case 'ESOCKET':
    case 'EDNS':
    case 'ECONNECTION':
      return 'The mail server cannot be reached, or its certificate is not trusted.'
    default:
      return `The mail server did not take the mail${answer}.`
  }
}
