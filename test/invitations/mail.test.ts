// Links to set a password by mail; the operator's command; and a server that takes no passwords.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { userInvite, userLink } from '../../src/commands/invitations.ts'
import { openBrowser, ownAddress } from '../support/browser.ts'
import { startMailServer, startSilentServer, type TestMailServer } from '../support/mail-server.ts'
import {
  type Account,
  describeOnBothEngines,
  type Service,
  send,
  startReplica,
  startService,
} from '../support/service.ts'

const NEW_PASSWORD = 'battery staple'

describeOnBothEngines('invitations by mail', (engine) => {
  let mailServer: TestMailServer
  let service: Service
  let admin: Account

  beforeAll(async () => {
    mailServer = await startMailServer()
    service = await startService(engine, {
      ...(await ownAddress()),
      SMTP_URL: `smtp://forgelink:right@127.0.0.1:${mailServer.port}`,
      MAIL_FROM: 'Forgelink <forgelink@example.test>',
    })
    admin = await service.addAccount('root')
  })
  afterAll(async () => {
    await service.close()
    await mailServer.close()
  })

  const askAt = (url: string, { id }: Pick<Account, 'id'>) =>
    send('POST', `${url}/v1/admin/users/${id}/invitation`, undefined, { authorization: `Bearer ${admin.bearer}` })

  function linkIn(text = ''): string {
    return /^http:\S+\/invitations\/\S+$/m.exec(text)?.[0] ?? 'no link'
  }

  it('send the link to the user and show it to nobody else', async () => {
    const user = await service.addAccount('mailed')
    const { status, json, text } = await askAt(service.url, user)
    expect([status, json]).toEqual([
      201,
      { invitation: { url: null, sent_to: 'mailed@example.test', expires_at: expect.any(String) } },
    ])
    const mail = mailServer.mails.at(-1)
    expect(mail).toMatchObject({ from: 'forgelink@example.test', to: ['mailed@example.test'] })
    expect(mail?.headers).toContain('Subject: Set your password for Forgelink')
    expect(mail?.text).toContain('root sends you this link to set a password for your account "mailed"')
    const link = linkIn(mail?.text)
    expect(text).not.toContain(link.split('/').at(-1))
    const browser = openBrowser(service)
    const fields = { password: NEW_PASSWORD, again: NEW_PASSWORD }
    expect((await browser.submit(await browser.get(link), fields)).status).toBe(303)
    const { json: trail } = await admin.call('GET', `/v1/admin/events?user=${user.id}&type=new_invitation`)
    expect(trail.events).toMatchObject([{ type_data: { sent_to: 'mailed@example.test' } }])
  })

  it('send nothing to a deactivated user', async () => {
    const user = await service.addAccount('deactivated')
    await admin.call('PATCH', `/v1/admin/users/${user.id}`, { user: { active: false } })
    const count = mailServer.mails.length
    expect((await askAt(service.url, user)).json.code).toBe('user_inactive')
    expect(mailServer.mails).toHaveLength(count)
  })

  it('show the link of a user without an e-mail address', async () => {
    const made = await admin.call('POST', '/v1/admin/users', { user: { username: `unmailed-${Date.now()}` } })
    const { json } = await askAt(service.url, made.json.user)
    expect(json.invitation).toMatchObject({ url: expect.stringContaining('/invitations/'), sent_to: null })
  })

  it('say so when the mail is refused, and change nothing: a link from before works', async () => {
    const user = await service.addAccount('unlucky')
    await askAt(service.url, user)
    const link = linkIn(mailServer.mails.at(-1)?.text)
    const silent = await startSilentServer()
    const servers = {
      'did not answer in time': `smtp://127.0.0.1:${silent.port}`,
      'does not accept the user and password': `smtp://forgelink:hunter2@127.0.0.1:${mailServer.port}`,
    }
    for (const [problem, SMTP_URL] of Object.entries(servers)) {
      const replica = await startReplica(service, { SMTP_URL, PORT: '0' }, { mailWithin: 500 })
      const { status, json, headers } = await askAt(replica.url, user)
      expect([status, json.code]).toEqual([503, 'mail_unavailable'])
      expect(json.error).toMatch(new RegExp(`^The mail server ${problem}.* one from before still works\\. Try again`))
      expect(json.error).not.toContain('hunter2')
      expect(headers.get('retry-after')).not.toBeNull()
      await replica.close()
    }
    await silent.close()
    const gone = await service.addAccount('gone')
    const answer = await askAt(service.url, gone)
    expect([answer.status, answer.json.code]).toEqual([503, 'mail_unavailable'])
    expect(answer.json.error).toMatch(/^The mail server takes no mail to gone\S*@example\.test \(it answers 550\)\./)
    expect((await send('GET', link)).status).toBe(200)
    const { json: trail } = await admin.call('GET', `/v1/admin/events?user=${user.id}&type=new_invitation`)
    expect(trail.events).toHaveLength(1)
  })

  it('come from the command, which makes the account and mails or prints', async () => {
    const { services } = service
    const username = `invited-${Date.now()}`
    const login = `${username}@example.test`
    const told = await userInvite(services, login, { admin: false, json: false })
    expect(told).toMatch(
      new RegExp(`^Mailed a link to ${login}, by which ${username} sets a password until \\d{4}-.* UTC\\.$`),
    )
    expect(mailServer.mails.at(-1)?.text).toContain('An administrator sends you this link')
    expect((await send('GET', linkIn(mailServer.mails.at(-1)?.text))).status).toBe(200)

    const count = mailServer.mails.length
    const printed = JSON.parse(await userLink(services, username, { json: true }))
    expect(printed).toMatchObject({
      user: { email: login, username, role: 'member', active: true },
      invitation: { url: expect.stringContaining(`${service.url}/invitations/`), sent_to: null },
    })
    expect(mailServer.mails).toHaveLength(count)
    expect((await send('GET', printed.invitation.url)).status).toBe(200)
    expect(await userLink(services, login, { json: false })).toContain(`Pass this link on to ${username}`)

    await expect(userInvite(services, login, { admin: true, json: true })).rejects.toThrow(
      `user role ${username} admin`,
    )
    await expect(userInvite(services, login, { username: 'x', admin: false, json: true })).rejects.toThrow('--username')
    await expect(userInvite(services, 'no-address', { admin: false, json: true })).rejects.toThrow(
      'not an e-mail address',
    )
    await expect(userLink(services, 'nobody', { json: true })).rejects.toThrow('There is no user "nobody"')
  })

  it('are not made where nobody signs in with a password, and those from before do not work', async () => {
    const user = await service.addAccount('provided')
    await askAt(service.url, user)
    const link = linkIn(mailServer.mails.at(-1)?.text)
    const replica = await startReplica(service, {
      OIDC_ISSUER: 'https://idp.example',
      OIDC_CLIENT_ID: 'id',
      OIDC_CLIENT_SECRET: 'secret',
      PASSWORD_SIGN_IN: 'false',
    })
    const { status, json } = await askAt(replica.url, user)
    expect([status, json.code, json.error]).toEqual([409, 'conflict', expect.stringContaining('takes no passwords')])
    const withoutPasswords = { ...service.services, passwordSignIn: false }
    const newcomer = `newcomer-${Date.now()}@example.test`
    await expect(userInvite(withoutPasswords, newcomer, { admin: false, json: true })).rejects.toThrow('no passwords')
    expect((await admin.call('GET', `/v1/admin/users?search=${newcomer}`)).json.users).toEqual([])
    expect((await send('GET', `${replica.url}${new URL(link).pathname}`)).status).toBe(404)
    const text = 'Forgotten your password? An administrator can send you a link'
    expect((await send('GET', `${replica.url}/sign-in`)).text).not.toContain(text)
    expect((await send('GET', `${service.url}/sign-in`)).text).toContain(text)
    await replica.close()
  })
})
