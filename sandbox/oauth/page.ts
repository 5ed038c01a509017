// The page on which a person chooses an account and allows or denies access; it works without a script.

import { escapeHtml, html, type Reply, redirect } from '../http.ts'
import type { Site } from '../site.ts'
import { findUser, type World } from '../state.ts'
import { findClient, mayRedirectTo, newGrant } from './grants.ts'

/** `query` is the application's query; the form sends it back unchanged. */
export function authorizePage(site: Site, world: World, query: URLSearchParams, scopes: string[]): Reply {
  const rejected = badRequest(site, world, query)
  if (rejected !== undefined) return rejected
  const hidden = [...query].map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  const people = world.users.filter((user) => !user.bot && !user.blocked)
  const choices = people.map((user, index) => {
    const checked = index === 0 ? ' checked' : ''
    return `<p><label><input type="radio" name="user" value="${user.username}"${checked}> ${escapeHtml(user.name)} (${user.username})</label></p>`
  })
  const ticks = scopes.map((scope) => {
    return `<p><label><input type="checkbox" name="granted" value="${escapeHtml(scope)}" checked> <code>${escapeHtml(scope)}</code></label></p>`
  })
  const action = `${site.url}${site.vendor.oauth.authorizePath}`
  return html(
    200,
    `Sandbox ${site.name}: authorize ${query.get('client_id')}`,
    `<form method="post" action="${action}">
${hidden.join('\n')}
<input type="hidden" name="edited" value="1">
<fieldset><legend>Sign in as</legend>${choices.join('\n')}</fieldset>
<fieldset><legend>It asks for</legend>${ticks.join('\n') || '<p>nothing but who you are</p>'}</fieldset>
<p><button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="refuse">Refuse</button></p>
</form>`,
  )
}

/** The person's decision, as a redirect back to the application. */
export function decided(site: Site, world: World, form: URLSearchParams, scopes: string[]): Reply {
  const rejected = badRequest(site, world, form)
  if (rejected !== undefined) return rejected
  if (form.get('decision') === 'refuse') {
    const error = { error: 'access_denied', error_description: 'The user has denied your application access.' }
    return backWith(site, form, error)
  }
  const user = findUser(world, form.get('user') ?? '')
  if (user === undefined) return html(422, 'Nobody chosen', '<p>Choose a user and try again.</p>')
  const ticked = form.has('edited') || form.has('granted') ? form.getAll('granted') : scopes
  const { grantOnly } = world.settings.oauth
  const granted = scopes.filter((scope) => ticked.includes(scope) && (grantOnly === null || grantOnly.includes(scope)))
  const grant = newGrant(site.vendor.oauth, world, {
    clientId: form.get('client_id') ?? '',
    redirectUri: redirectUriOf(site, world, form),
    userId: user.id,
    scopes: granted,
    codeChallenge: form.get('code_challenge'),
    offline: scopes.includes('offline_access'),
  })
  return backWith(site, form, { code: grant.code }, grant.redirectUri)
}

export function backWith(site: Site, params: URLSearchParams, values: Record<string, string>, to?: string): Reply {
  const target = new URL(to ?? params.get('redirect_uri') ?? '')
  const { issuerPath } = site.vendor.oauth
  if (issuerPath !== null) target.searchParams.set('iss', `${site.url}${issuerPath}`)
  for (const [name, value] of Object.entries(values)) target.searchParams.set(name, value)
  const state = params.get('state')
  if (state !== null) target.searchParams.set('state', state)
  return redirect(target.href)
}

/** A wrong client or redirect address is shown to the person; the browser is not redirected. */
export function badRequest(site: Site, world: World, params: URLSearchParams): Reply | undefined {
  if (findClient(world, params.get('client_id')) === undefined) {
    return html(site.vendor.oauth.unknownClientStatus, 'Unknown application', '<p>There is no such client_id.</p>')
  }
  const address = redirectUriOf(site, world, params)
  if (!mayRedirectTo(site.vendor.oauth, world, address)) {
    const text = '<p>The redirect_uri is not associated with this application.</p>'
    return html(400, 'The redirect URI included is not valid', text)
  }
  const method = params.get('code_challenge_method')
  if (params.has('code_challenge') && (method !== 'S256' || params.get('code_challenge')?.length !== 43)) {
    const problem = {
      error: 'invalid_request',
      error_description: 'code_challenge must be S256 and 43 characters long',
    }
    return backWith(site, params, problem, address)
  }
  return undefined
}

function redirectUriOf({ vendor }: Site, world: World, params: URLSearchParams): string {
  const fallback = vendor.oauth.redirectUriOptional ? world.settings.oauth.redirectUris[0] : undefined
  return params.get('redirect_uri') ?? fallback ?? ''
}
