// Mail by a real SMTP server: what it gets, and what is said when it does not take a mail.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startMailServer, startSilentServer, type TestMailServer } from '../../test/support/mail-server.ts'
import { createIdentity } from '../../test/support/test-certificates.ts'
import type { MailConfig } from '../config.ts'
import type { LogEntry } from '../log-events.ts'
import { createMailer } from './mailer.ts'

const MAIL = { to: 'ada@example.test', subject: 'Hello', text: 'A line.\n.\nÜbung\n' }
const FROM = { name: 'Forge, "link"', address: 'forgelink@example.test' }

describe('createMailer', () => {
  let server: TestMailServer
  let log: LogEntry[] = []
  const note = (...entry: LogEntry) => log.push(entry)
  beforeAll(async () => {
    server = await startMailServer()
  })
  afterAll(() => server.close())

  function mailer(config: Partial<MailConfig>, authorities = {}, maxMs = 5_000) {
    const settings = { host: '127.0.0.1', port: server.port, tls: 'none', login: null, from: FROM, ...config } as const
    log = []
    return createMailer(settings, authorities, { log: note, maxMs })
  }

  it('sends plain text to one person', async () => {
    expect(await mailer({}).send(MAIL)).toBeNull()
    expect(log).toEqual([])
    const mail = server.mails.at(-1)
    expect(mail).toMatchObject({ from: FROM.address, to: ['ada@example.test'] })
    expect(mail?.text.replaceAll('\r\n', '\n')).toBe(MAIL.text)
    expect(mail?.headers).toMatch(/^Content-Type: text\/plain; charset=utf-8\r?$/m)
    expect(mail?.headers).toContain('From: "Forge, \\"link\\"" <forgelink@example.test>')
  })

  // With a text for an address, the library reads several of the first ones, or another than was meant.
  it.each(['a,b@example.test', 'a;b@example.test', 'a:b@example.test', 'a(b)@example.test', 'a\\b@example.test'])(
    'sends to %s alone, or to nobody',
    async (to) => {
      const before = server.mails.length
      await mailer({}).send({ ...MAIL, to })
      const reached = server.mails.slice(before).flatMap((mail) => mail.to)
      expect(reached.filter((address) => address.replace(/["\\]/g, '') !== to.replace(/\\/g, ''))).toEqual([])
    },
  )

  it.each(['x@example.test\r\nBcc: eve@example.test', 'a@example.test, eve@example.test'])(
    'adds no recipient and no header for %j',
    async (text) => {
      const before = server.mails.length
      await mailer({}).send({ ...MAIL, to: text })
      await mailer({}).send({ ...MAIL, subject: text })
      for (const mail of server.mails.slice(before)) {
        expect(mail.to).toEqual(['ada@example.test'])
        expect(mail.headers).not.toMatch(/^bcc:/im)
      }
    },
  )

  it('signs in with the password of SMTP_URL, and repeats it nowhere when it is wrong', async () => {
    expect(await mailer({ login: { user: 'me', password: 'right' } }).send(MAIL)).toBeNull()
    const wrong = mailer({ login: { user: 'me', password: 'hunter2' } })
    const problem = await wrong.send(MAIL)
    expect(problem).toBe('The mail server does not accept the user and password of SMTP_URL (it answers 535).')
    expect(log).toEqual([['mail_not_sent', { host: '127.0.0.1', reason: 'EAUTH AUTH PLAIN 535' }]])
    expect(await wrong.check()).not.toContain('hunter2')
  })

  it('says which recipient is refused, and that the sender is', async () => {
    expect(await mailer({}).send({ ...MAIL, to: 'gone@example.test' })).toBe(
      'The mail server takes no mail to gone@example.test (it answers 550).',
    )
    const strict = await startMailServer({ authOptional: false })
    expect(await mailer({ port: strict.port }).send(MAIL)).toBe(
      'The mail server takes no mail from the address in MAIL_FROM (it answers 530).',
    )
    await strict.close()
  })

  it('gives up on a server that hangs', async () => {
    const silent = await startSilentServer()
    const began = Date.now()
    expect(await mailer({ port: silent.port }, {}, 200).send(MAIL)).toBe('The mail server did not answer in time.')
    expect(await mailer({ port: silent.port }, {}, 200).check()).toMatch(/^The mail server did not answer in time\./)
    expect(Date.now() - began).toBeLessThan(4_000)
    await silent.close()
  })

  it('says that there is none', async () => {
    const silent = await startSilentServer()
    await silent.close()
    expect(await mailer({ port: silent.port }).send(MAIL)).toMatch(/^The mail server cannot be reached/)
    expect(log).toEqual([['mail_not_sent', { host: '127.0.0.1', reason: expect.stringContaining('ECONNREFUSED') }]])
  })

  it('does without STARTTLS only where it may', async () => {
    expect(await mailer({ tls: 'starttls' }).send(MAIL)).toMatch(/does not offer TLS.*smtps:\/\//)
  })

  it.each(['from_start', 'starttls'] as const)('trusts the certificates of EXTRA_CA_CERTS (%s)', async (tls) => {
    const issuer = createIdentity('Test Authority', {})
    const { cert, key } = createIdentity('localhost', { issuer, hosts: ['localhost'] })
    const secure = await startMailServer({ cert, key, secure: tls === 'from_start', disabledCommands: [] })
    const config = { host: 'localhost', port: secure.port, tls }
    expect(await mailer(config, { ca: [issuer.cert] }).send(MAIL)).toBeNull()
    expect(await mailer(config, { ca: [issuer.cert] }).check()).toBeNull()
    expect(await mailer(config).send(MAIL)).toMatch(/certificate is not trusted/)
    // For another name than that of the certificate.
    expect(await mailer({ ...config, host: '127.0.0.1' }, { ca: [issuer.cert] }).send(MAIL)).toMatch(/not trusted/)
    expect(secure.mails).toHaveLength(1)
    await secure.close()
  })
})
