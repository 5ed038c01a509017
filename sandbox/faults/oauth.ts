// Faults of the token endpoints; other calls are not affected.

import { type Call, fields, html, json, nothing } from '../http.ts'
import { type Fault, say } from './exchange.ts'

export const oauthFaults = {
  'oauth-invalid-grant': ({ send }) =>
    send(
      json(400, {
        error: 'invalid_grant',
        error_description: 'The provided authorization grant is invalid, expired, revoked.',
      }),
    ),
  'oauth-invalid-client': ({ send }) =>
    send(json(401, { error: 'invalid_client', error_description: 'Client authentication failed.' })),
  /** The OAuth application does not exist there: https://github.com/octokit/auth-oauth-user.js/issues/239 */
  'oauth-not-found': say(({ site }) => site.vendor.errors.applicationNotFound()),
  /** A proxy's answer, in no platform's form; `value` is the status (default 401). */
  'oauth-foreign': ({ rule, send }) => send(json(Number(rule.value ?? 401), { status: 401, error: 'Unauthorized' })),
  'oauth-foreign-page': ({ rule, send }) => send(html(Number(rule.value ?? 404), '404 Not Found', '<hr>nginx')),
  'oauth-foreign-empty': ({ rule, send }) => send(nothing(Number(rule.value ?? 404))),
  'oauth-no-expires-in': without('expires_in', 'refresh_token_expires_in'),
  'oauth-no-refresh-token': without('refresh_token', 'refresh_token_expires_in'),
  'oauth-no-scope': without('scope'),
} satisfies Record<string, Fault>

export function isTokenCall(call: Call): boolean {
  return call.method === 'POST' && /\/oauth\/(access_)?token$/.test(call.path)
}

export function isRefreshCall(call: Call): boolean {
  return isTokenCall(call) && fields(call).get('grant_type') === 'refresh_token'
}

function without(...names: string[]): Fault {
  return ({ usual, send }) => {
    const reply = usual()
    if (!(reply.headers['content-type'] ?? '').includes('json')) return send(reply)
    const body: Record<string, unknown> = JSON.parse(reply.body.toString())
    for (const name of names) delete body[name]
    send({ ...reply, body: JSON.stringify(body) })
  }
}
