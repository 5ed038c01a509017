// A real OpenID provider on loopback (the package oidc-provider), whose people say at once what the test has them say.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import Provider, { type Configuration, type KoaContextWithOIDC } from 'oidc-provider'
import type { Environment } from '../../src/config.ts'

/** What the provider knows of a person; `sub` is the name by which the test chooses them. */
export type Person = Record<string, unknown>

export interface OpenIdProvider {
  issuer: string
  people: Map<string, Person>
  /** Who signs in next, or with what the provider sends the browser back instead. */
  answer: { person: string } | { error: string }
  /** Changes a JSON answer of the provider on its way, as somebody in between could: by the name of its route. */
  tamper: { route: string; change: (body: Record<string, unknown>) => unknown } | null
  /** The signing key, and a change of it as in a rotation. */
  key(): { jwk: JWK; kid: string }
  rotateKey(): Promise<void>
  /** Paths that were asked for, in order. */
  seen: string[]
  /** Ends every session there. */
  forget(): Promise<void>
  /** No longer answers on its port, and answers again. */
  stop(): Promise<void>
  start(): Promise<void>
}

export const CLIENT_ID = 'forgelink-at-the-test'
export const CLIENT_SECRET = 'a client secret of the test, 0123456789'

/** Settings with which a service at `publicUrl` signs people in there. */
export function oidcSettings({ issuer }: Pick<OpenIdProvider, 'issuer'>): Environment {
  return { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: CLIENT_ID, OIDC_CLIENT_SECRET: CLIENT_SECRET, OIDC_LABEL: 'Corp ID' }
}

async function newKey(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' }
}

/** `publicUrl`: of the service; `authMethod`: the one way in which the client may send its secret. */
export async function startOpenIdProvider(
  publicUrl: string,
  authMethod: 'client_secret_post' | 'client_secret_basic' = 'client_secret_basic',
): Promise<OpenIdProvider> {
  let handle: (request: IncomingMessage, response: ServerResponse) => unknown = () => undefined
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${(request.url ?? '').split('?')[0]}`)
    handle(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  let key = await newKey('first')
  let rotations = 0

  const started: OpenIdProvider = {
    issuer: `http://127.0.0.1:${port}`,
    people: new Map(),
    answer: { error: 'access_denied' },
    tamper: null,
    seen,
    key: () => ({ jwk: key, kid: key.kid ?? '' }),
    async rotateKey() {
      rotations += 1
      key = await newKey(`rotated-${rotations}`)
      open()
    },
    async forget() {
      open()
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
    start: () => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve)),
  }

  /** A provider keeps its sessions in memory: a new one knows none. */
  function open(): void {
    const provider = new Provider(started.issuer, configurationOf(started, publicUrl, authMethod))
    provider.use(async (context, next) => {
      const { path } = context
      if (path.startsWith('/interaction/')) return interact(provider, started, context.req, context.res)
      await next()
      const { tamper } = started
      const { route } = (context as KoaContextWithOIDC).oidc ?? {}
      if (tamper && tamper.route === route) {
        context.body = await tamper.change(context.body as Record<string, unknown>)
      }
    })
    handle = provider.callback()
  }
  open()
  return started
}

async function interact(
  provider: Provider,
  { answer }: OpenIdProvider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response)
  if ('error' in answer) return provider.interactionFinished(request, response, { error: answer.error })
  if (prompt.name === 'login') {
    const login = { accountId: answer.person, remember: true }
    return provider.interactionFinished(request, response, { login })
  }
  const grant = new provider.Grant({ accountId: session?.accountId ?? '', clientId: String(params.client_id) })
  grant.addOIDCScope(String(params.scope))
  const grantId = await grant.save()
  return provider.interactionFinished(request, response, { consent: { grantId } }, { mergeWithLastSubmission: true })
}

function configurationOf(
  started: OpenIdProvider,
  publicUrl: string,
  authMethod: 'client_secret_post' | 'client_secret_basic',
): Configuration {
  return {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        redirect_uris: [`${publicUrl}/sign-in/oidc/callback`],
        post_logout_redirect_uris: [`${publicUrl}/sign-in`],
        backchannel_logout_uri: `${publicUrl}/sign-in/oidc/back-channel-logout`,
        backchannel_logout_session_required: true,
        token_endpoint_auth_method: authMethod,
      },
    ],
    jwks: { keys: [started.key().jwk] },
    cookies: { keys: ['a key for cookies'] },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    // Its own fetch sends nothing to loopback.
    fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined } as unknown as RequestInit),
    findAccount: (_context, id) => {
      const person = started.people.get(id)
      return person && { accountId: id, claims: async () => ({ ...person, sub: id }) }
    },
    claims: {
      openid: ['sub', 'oid', 'hd'],
      profile: ['preferred_username', 'name', 'picture', 'groups'],
      email: ['email', 'email_verified'],
    },
    // Claims are in the ID token too, and not at the userinfo endpoint alone.
    conformIdTokenClaims: false,
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 3_600, IdToken: 600, Interaction: 600, Session: 3_600 },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        // Instead of asking whether to sign out there too.
        logoutSource: async (context, form) => {
          context.body = `<!doctype html><title>Corp ID</title>${form.replace('</form>', '<input type="hidden" name="logout" value="yes"/></form>')}`
        },
      },
    },
  }
}
