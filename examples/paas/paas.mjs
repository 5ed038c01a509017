// A small platform in front of Forgelink. It signs its own users in, lets them link an account in a link session, and
// searches their repositories. It keeps one secret: its service token.

import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { pathToFileURL } from 'node:url'

/** How this platform calls itself; the service token lists it. */
const ISSUER = 'https://paas.example'
/** Its users, with their passwords: a real platform has a sign-in of its own. */
const USERS = { ada: 'ada-password', grace: 'grace-password' }

/** `forgelink`: the address of Forgelink. `own`: where browsers find this platform. */
export function createPaas({ forgelink, serviceToken, own }) {
  /** By cookie: who is signed in, and the link session that this browser was sent to. */
  const sessions = new Map()

  async function ask(method, path, authorization, body) {
    const answer = await fetch(forgelink + path, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, body: await answer.json() }
  }

  /** Calls for one user: the service token is exchanged for a bearer token of that user, which lasts ten minutes. */
  async function callFor(name, method, path, body) {
    const user = { issuer: ISSUER, subject: name, username: name }
    const basic = `Basic ${Buffer.from(`:${serviceToken}`).toString('base64')}`
    const { body: answer } = await ask('POST', '/v1/tokens/exchange', basic, { user, expires_in: 600 })
    return ask(method, path, `Bearer ${answer.token}`, body)
  }

  const routes = {
    'GET /': async ({ session }) => {
      if (!session) return page('Sign in', SIGN_IN)
      const { body } = await callFor(session.name, 'GET', '/v1/scm_integrations')
      const links = body.scm_integrations.map(
        ({ scm_type, username }) => `<li>${text(`${scm_type}: ${username}`)}</li>`,
      )
      return page(`Hello ${session.name}`, `<ul>${links.join('') || '<li>Nothing is linked.</li>'}</ul>${ACTIONS}`)
    },

    'POST /sign-in': ({ form }) => {
      const name = form.get('name')
      if (!Object.hasOwn(USERS, name) || USERS[name] !== form.get('password')) return page('Wrong password', SIGN_IN)
      const id = randomBytes(32).toString('base64url')
      sessions.set(id, { name, linkSession: null })
      return { to: '/', cookie: `paas=${id}; HttpOnly; SameSite=Lax; Path=/` }
    },

    // The browser is sent to the link session's page at Forgelink.
    'POST /link': async ({ session }) => {
      if (!session) return { to: '/' }
      const input = { link_session: { return_url: `${own}/linked` } }
      const { body } = await callFor(session.name, 'POST', '/v1/link_sessions', input)
      session.linkSession = body.link_session.id
      return { to: body.link_session.url }
    },

    // The browser comes back. Whoever is signed in here, in this browser, completes their own link session: so nobody links
    // an account for somebody else.
    'GET /linked': async ({ session, query }) => {
      const id = query.get('link_session')
      if (!session || session.linkSession !== id)
        return page('Not yours', 'You have not asked for this. Nothing was linked.')
      session.linkSession = null
      if (query.get('result') !== 'linked') return page('Not linked', `The result is ${text(query.get('result'))}.`)
      const path = `/v1/link_sessions/${encodeURIComponent(id)}/complete`
      const { status } = await callFor(session.name, 'POST', path, { code: query.get('code') })
      return status === 200 ? { to: '/' } : page('Not linked', 'It could not be completed.')
    },

    'GET /repositories': async ({ session, query }) => {
      if (!session) return { to: '/' }
      const { body } = await callFor(session.name, 'GET', '/v1/scm_integrations')
      const found = await Promise.all(
        body.scm_integrations.map(({ id }) => {
          const words = new URLSearchParams({ query: query.get('query') ?? '' })
          return callFor(session.name, 'GET', `/v1/scm_integrations/${id}/search_repos?${words}`)
        }),
      )
      const items = found.flatMap(({ body: { repositories = [] } }) => repositories)
      return page('Repositories', `<ul>${items.map(({ fullName }) => `<li>${text(fullName)}</li>`).join('')}</ul>`)
    },
  }

  return createServer(async (request, response) => {
    try {
      const url = new URL(request.url, own)
      const cookie = /(?:^|; )paas=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1]
      const route = routes[`${request.method} ${url.pathname}`]
      // A form of another site must not act here.
      const isOurs = request.method === 'GET' || request.headers.origin === own
      const form = new URLSearchParams(request.method === 'POST' ? await bodyOf(request) : '')
      const outcome =
        route && isOurs
          ? await route({ session: sessions.get(cookie), query: url.searchParams, form })
          : page('Not found', 'There is nothing here.')
      if (outcome.to) {
        response.writeHead(303, { location: outcome.to, ...(outcome.cookie && { 'set-cookie': outcome.cookie }) }).end()
      } else {
        response
          .writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' })
          .end(outcome.html)
      }
    } catch {
      response.writeHead(500).end('That did not work.')
    }
  })
}

const SIGN_IN = `<form method="post" action="/sign-in">
<label>Name <input name="name"></label> <label>Password <input name="password" type="password"></label>
<button>Sign in</button></form>`
const ACTIONS = `<form method="post" action="/link"><button>Link an account</button></form>
<form action="/repositories"><label>Search <input name="query"></label> <button>Search</button></form>`

function page(title, body) {
  return { html: `<!doctype html><html lang="en"><title>${text(title)}</title><h1>${text(title)}</h1>${body}` }
}

function text(value) {
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

async function bodyOf(request) {
  let body = ''
  for await (const chunk of request) {
    body += chunk
    if (body.length > 10_000) throw new Error('too long')
  }
  return body
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { FORGELINK_URL = 'http://localhost:4600', SERVICE_TOKEN, PORT = '4700' } = process.env
  if (!SERVICE_TOKEN) throw new Error('set SERVICE_TOKEN: README.md says how to get one')
  const own = `http://localhost:${PORT}`
  createPaas({ forgelink: FORGELINK_URL, serviceToken: SERVICE_TOKEN, own }).listen(Number(PORT), '127.0.0.1', () => {
    process.stdout.write(`open ${own} and sign in as ada with ada-password\n`)
  })
}
