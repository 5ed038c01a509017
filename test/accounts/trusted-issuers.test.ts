// Whom a trusted issuer's JWT acts as, and what it may do. docs/platforms-in-front.md.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { addIdentity } from '../../src/accounts/identities/identities.ts'
import { setUserActive } from '../../src/accounts/roles.ts'
import { COMMAND_LINE } from '../../src/audit/events.ts'
import { AUDIENCE, ask, startIssuer, type TestIssuer } from '../support/issuer.ts'
import { ed25519Key } from '../support/public-keys.ts'
import { type Account, describeOnBothEngines, type Service, startReplica, startService } from '../support/service.ts'
import { addService } from '../support/service-tokens.ts'

/** As in GitHub's reference: https://docs.github.com/en/actions/reference/security/oidc */
const WORKFLOW = {
  sub: 'repo:octo/app:ref:refs/heads/main',
  repository: 'octo/app',
  repository_id: '74',
  repository_owner: 'octo',
  ref: 'refs/heads/main',
  actor: 'monalisa',
  event_name: 'push',
}

/** As in the reference: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/ */
const POD = {
  aud: [AUDIENCE],
  sub: 'system:serviceaccount:ci:runner',
  'kubernetes.io': { namespace: 'ci', serviceaccount: { name: 'runner', uid: '14ee3fa4' }, pod: { name: 'runner-0' } },
}

describeOnBothEngines('a JWT of a trusted issuer', (engine) => {
  let making: TestIssuer
  let closed: TestIssuer
  let ci: TestIssuer
  let cluster: TestIssuer
  /** The same store, without trusted issuers. */
  let without: Service
  let service: Service
  let administrator: Account
  let robot: Account
  let settings: { TRUSTED_ISSUERS: string }
  let count = 1
  const replicas: { close(): Promise<void> }[] = []

  async function start(environment: Record<string, string>): Promise<Service> {
    const replica = await startReplica(without, environment)
    replicas.push(replica)
    return { ...without, url: replica.url }
  }

  beforeAll(async () => {
    const issuers = await Promise.all([startIssuer(), startIssuer(), startIssuer(), startIssuer()])
    ;[making, closed, ci, cluster] = issuers
    without = await startService(engine)
    administrator = await without.addAccount('administrator')
    robot = await without.addAccount('robot')
    const rule = ({ issuer }: TestIssuer, members: object) => ({ issuer, audience: AUDIENCE, ...members })
    const rules = [
      rule(making, { create_users: true }),
      rule(closed, {}),
      rule(ci, {
        user: robot.id,
        scopes: ['read'],
        required_claims: { repository: 'octo/app', ref: 'refs/heads/main' },
      }),
      rule(ci, { subject_claim: 'repository_id', create_users: true, required_claims: { repository_owner: 'octo' } }),
      rule(cluster, { user: robot.id, required_claims: { 'kubernetes.io': { namespace: 'ci' } } }),
    ]
    settings = { TRUSTED_ISSUERS: JSON.stringify(rules) }
    service = await start(settings)
  })
  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.close()))
    await without.close()
    await Promise.all([making, closed, ci, cluster].map((issuer) => issuer.close()))
  })

  const addKnown = (owner: Account, { issuer }: TestIssuer, subject: string) =>
    without.services.database
      .transaction()
      .execute((transaction) => addIdentity(transaction, COMMAND_LINE, owner.id, { issuer, subject }))

  const selfOf = async (jwt: Promise<string>) => {
    const { status, json } = await ask(service, await jwt)
    return [status, json.code ?? json.user]
  }

  const made: [name: string, claims: Record<string, unknown>, username: unknown, email: string | null][] = [
    ['a user name', { preferred_username: 'grace' }, 'grace', null],
    ['the same user name', { preferred_username: 'Grace' }, expect.stringMatching(/^Grace-[0-9a-f]{6}$/), null],
    [
      'a verified e-mail',
      { preferred_username: 'a1', email: 'a1@example.test', email_verified: true },
      'a1',
      'a1@example.test',
    ],
    ['an e-mail', { preferred_username: 'a2', email: 'a2@example.test' }, 'a2', null],
    ['an unverified e-mail', { preferred_username: 'a3', email: 'a3@example.test', email_verified: false }, 'a3', null],
    ['“true” in quotes', { preferred_username: 'a4', email: 'a4@example.test', email_verified: 'true' }, 'a4', null],
    ['a verified text that is no e-mail', { preferred_username: 'a5', email: 'a5', email_verified: true }, 'a5', null],
    ['an unverified e-mail of another', { preferred_username: 'a6', email: 'robot@example.test' }, 'a6', null],
    ['an e-mail as user name', { preferred_username: 'a7@example.test' }, 'a7-example.test', null],
    ['another script', { preferred_username: '爱达', sub: 'a8' }, 'a8', null],
    ['no letters at all', { preferred_username: '///', sub: '…' }, 'user', null],
    ['a subject with colons', { sub: 'repo:octo/app' }, 'repo-octo-app', null],
    ['a user name that is no text', { preferred_username: { a: 1 }, sub: '-x' }, 'x', null],
  ]
  it.each(made)('makes its user at the first time, with %s', async (name, claims, username, email) => {
    const jwt = await making.sign({ sub: `made with ${name}`, ...claims })
    const [status, user] = await selfOf(Promise.resolve(jwt))
    expect([status, user]).toEqual([200, expect.objectContaining({ username, email })])
    expect(await selfOf(Promise.resolve(jwt))).toEqual([200, user])
    // What the issuer says later changes nothing.
    const later = making.sign({ sub: `made with ${name}`, ...claims, preferred_username: 'renamed' })
    if (!('sub' in claims)) expect(await selfOf(later)).toEqual([200, user])
  })

  it('makes one user of many first uses at once', async () => {
    const jwts = await Promise.all(Array.from({ length: 20 }, (_, n) => making.sign({ sub: 'rush', jti: `${n}` })))
    const answers = await Promise.all(jwts.map((jwt) => ask(service, jwt)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(new Set(answers.map(({ json }) => json.user.id)).size).toBe(1)
    const [jwt = ''] = jwts
    const { events } = (await ask(service, jwt, '/v1/events')).json
    const act = { type: 'issuer', id: making.issuer, name: making.issuer.slice('http://'.length) }
    expect(events).toMatchObject([
      { type: 'new_identity', via: 'issuer', act, type_data: { issuer: making.issuer, subject: 'rush' } },
      { type: 'new_user', via: 'issuer', act, remote_ip: '127.0.0.1' },
    ])
  })

  it('makes and joins nobody where another has the verified e-mail', async () => {
    const email = 'ROBOT@example.test'
    const jwt = await making.sign({ sub: 'thief', email, email_verified: true })
    for (let n = 0; n < 2; n++) expect(await selfOf(Promise.resolve(jwt))).toEqual([403, 'email_taken'])
    const { database } = without.services
    expect(await database.selectFrom('identities').select('id').where('subject', '=', 'thief').execute()).toEqual([])
  })

  it('acts as the user whose identity it names, byte for byte, and is a 403 where there is none', async () => {
    const known = await without.addAccount('known')
    const subject = `known-${++count}`
    await addKnown(known, closed, subject)
    expect(await selfOf(closed.sign({ sub: subject }))).toEqual([200, expect.objectContaining({ id: known.id })])
    for (const sub of [subject.toUpperCase(), `${subject} `, 'unknown', known.id]) {
      expect([sub, ...(await selfOf(closed.sign({ sub })))]).toEqual([sub, 403, 'user_unknown'])
    }
    // The same subject at another issuer is somebody else.
    const [, other] = await selfOf(making.sign({ sub: subject }))
    expect(other.id).not.toBe(known.id)
  })

  it.each([undefined, null, 42, '', '  ', ['known'], 'x'.repeat(256), 'a\u0000b'])(
    'is a 403 with the subject %j',
    async (sub) => {
      expect(await selfOf(making.sign({ sub }))).toEqual([403, 'claim_required'])
    },
  )

  it('is a 401 once the user is deactivated, and makes no second one', async () => {
    const [, { id }] = await selfOf(making.sign({ sub: 'leaver' }))
    const setActive = (isActive: boolean) =>
      without.services.database
        .transaction()
        .execute((transaction) => setUserActive(transaction, COMMAND_LINE, id, isActive))
    await setActive(false)
    for (const jti of ['1', '2']) expect((await selfOf(making.sign({ sub: 'leaver', jti })))[0]).toBe(401)
    await setActive(true)
    // What was signed before stays dead; `iat` is exact to the second, so this one is of the next.
    const iat = Math.floor(Date.now() / 1_000) + 1
    expect(await selfOf(making.sign({ sub: 'leaver', iat }))).toEqual([200, expect.objectContaining({ id })])
  })

  it('notes the use of its identity, once a minute', async () => {
    const sub = `noted-${++count}`
    const jwt = making.sign({ sub })
    await selfOf(jwt)
    const { database } = without.services
    const used = async () => {
      expect((await selfOf(jwt))[0]).toBe(200)
      const row = await database.selectFrom('identities').selectAll().where('subject', '=', sub).executeTakeFirst()
      return row?.lastUsedAt
    }
    const ago = async (seconds: number) => {
      const lastUsedAt = new Date(Date.now() - seconds * 1000).toISOString()
      await database.updateTable('identities').set({ lastUsedAt }).where('subject', '=', sub).execute()
      return lastUsedAt
    }
    const began = new Date().toISOString()
    expect((await used()) ?? '').toSatisfy((time: string) => time >= began)
    const recent = await ago(50)
    expect(await used()).toBe(recent)
    const old = await ago(61)
    expect(await used()).toSatisfy((time: string) => time > old && time >= began)
  })

  it('of a CI acts by the first rule that it fits', async () => {
    const main = ci.sign(WORKFLOW)
    expect(await selfOf(main)).toEqual([200, expect.objectContaining({ id: robot.id })])
    const [status, user] = await selfOf(ci.sign({ ...WORKFLOW, ref: 'refs/heads/fix' }))
    expect([status, user.username]).toEqual([200, '74'])
    const rejected = [
      { ...WORKFLOW, repository: 'evil/app', repository_owner: 'evil' },
      { ...WORKFLOW, repository: 'octo/app', repository_owner: 'Octo', ref: 'refs/heads/main ' },
      { sub: WORKFLOW.sub },
      { ...WORKFLOW, ref: ['refs/heads/other'], repository_owner: { octo: true } },
    ]
    for (const claims of rejected) expect(await selfOf(ci.sign(claims))).toEqual([403, 'claim_required'])
    const { json } = await ask(service, await ci.sign({ sub: 'x' }))
    expect(json.error).toContain('repository, ref and repository_owner')
  })

  it('of a pod acts where a claim within a claim fits', async () => {
    expect(await selfOf(cluster.sign(POD))).toEqual([200, expect.objectContaining({ id: robot.id })])
    for (const value of [{ namespace: 'other' }, { namespace: ['other'] }, {}, 'ci', null, undefined]) {
      expect(await selfOf(cluster.sign({ ...POD, 'kubernetes.io': value }))).toEqual([403, 'claim_required'])
    }
  })

  it('does what its rule’s scopes allow, and nothing that outlives it', async () => {
    const reading = await ci.sign(WORKFLOW)
    const write = await ask(service, reading, '/v1/keys', 'POST', { name: 'x', content: ed25519Key(1) })
    expect([write.status, write.json]).toMatchObject([403, { code: 'insufficient_scope', scope: 'write' }])
    const writing = await making.sign({ sub: 'writer' })
    const added = await ask(service, writing, '/v1/keys', 'POST', { name: 'x', content: ed25519Key(++count) })
    expect(added.status).toBe(201)
    const [event] = (await ask(service, writing, '/v1/events')).json.events
    expect(event).toMatchObject({
      type: 'new_key',
      via: 'issuer',
      act: { type: 'issuer', id: making.issuer },
      api_token: null,
    })
    for (const [method, path] of [
      ['GET', '/v1/tokens'],
      ['POST', '/v1/tokens'],
      ['PUT', '/v1/users/account'],
    ] as const) {
      const answer = await ask(service, writing, path, method, method === 'GET' ? undefined : {})
      expect([path, answer.status, answer.json.code]).toEqual([path, 403, 'forbidden_for_delegate'])
    }
  })

  it('never has the role of an administrator', async () => {
    const subject = `boss-${++count}`
    await addKnown(administrator, closed, subject)
    const jwt = await closed.sign({ sub: subject })
    expect((await ask(service, jwt)).json.user).toMatchObject({ id: administrator.id, role: null })
    const answer = await ask(service, jwt, '/v1/admin/service_tokens')
    expect([answer.status, answer.json.code]).toEqual([403, 'forbidden_for_delegate'])
  })

  it('names the same user as a service that lists the issuer', async () => {
    const [, { id }] = await selfOf(making.sign({ sub: 'shared' }))
    const console = await addService(without, { issuers: [making.issuer] })
    const call = await console.actFor({ issuer: making.issuer, subject: 'shared' })
    expect((await call('GET', '/v1/users/self')).json.user.id).toBe(id)
    const other = await console.exchange({ user: { issuer: closed.issuer, subject: 'boss' } })
    expect([other.status, other.json.code]).toEqual([403, 'issuer_not_allowed'])
  })

  it('is nothing once its issuer is taken off', async () => {
    const jwt = await making.sign({ sub: 'writer' })
    expect((await ask(service, jwt)).status).toBe(200)
    expect((await ask(without, jwt)).status).toBe(401)
    const [rule] = JSON.parse(settings.TRUSTED_ISSUERS)
    const others = await start({ TRUSTED_ISSUERS: JSON.stringify([{ ...rule, issuer: closed.issuer }]) })
    expect((await ask(others, jwt)).status).toBe(401)
  })

  it('counts among the requests of its user', async () => {
    const limited = await start({ ...settings, RATE_LIMIT: '3' })
    const statuses = async (sub: string) => {
      const jwts = await Promise.all([1, 2, 3, 4].map((n) => making.sign({ sub, jti: `${n}` })))
      const answers = []
      for (const jwt of jwts) answers.push((await ask(limited, jwt)).status)
      return answers
    }
    expect(await statuses('limited')).toEqual([200, 200, 200, 429])
    expect(await statuses('limited too')).toEqual([200, 200, 200, 429])
  })
})
