// The pages that the server renders itself, without the dashboard: their frame, style and headers.

import { createHash, randomBytes } from 'node:crypto'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Failure } from '../../failure.ts'
import { publicPath } from '../../public-path.ts'
import { answerFailure, noteFailure } from '../failures.ts'
import type { App } from '../server.ts'
import { prefersHtml } from './accept.ts'
import { type Html, html } from './html.ts'
import { PAGE_STYLE } from './style.ts'

export interface Page {
  title: string
  body: Html
  /** Without a link to the dashboard, for people who have no account here. */
  alone?: boolean
  /** For content that needs more width than a column of text. */
  wide?: boolean
  /** The address to which the browser moves on automatically, at once. */
  goesTo?: string
}

const STYLE_PATH = '/pages.css'
/** A new style gets a new address, so browsers may cache each for ever. */
const STYLE_ADDRESS = `${STYLE_PATH}?v=${createHash('sha256').update(PAGE_STYLE).digest('hex').slice(0, 12)}`

/** Two links of a chain, as in the dashboard. */
const MARK = html`<svg width="28" height="28" viewBox="0 0 32 32" aria-hidden="true">
<rect width="32" height="32" rx="9" fill="#0b5a70"/>
<g fill="none" stroke="#ffffff" stroke-width="3" stroke-linecap="round">
<path d="M14 19.5 11.6 21.9a4 4 0 0 1-5.6-5.6L10 12.3a4 4 0 0 1 5.9.3"/>
<path d="M18 12.5 20.4 10.1a4 4 0 0 1 5.6 5.6L22 19.7a4 4 0 0 1-5.9-.3"/>
</g>
</svg>`
const ICON = MARK.markup.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ')
const ICON_ADDRESS = `data:image/svg+xml,${encodeURIComponent(ICON)}`

/** The frame of every page: one heading, one thing to do. */
function documentOf(publicUrl: string, { title, body, alone = false, wide = false, goesTo }: Page): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${goesTo === undefined ? null : html`<meta http-equiv="refresh" content="0; url=${goesTo}">\n`}<title>${title} · Forgelink</title>
<script src="${publicPath(publicUrl, '/color-scheme.js')}"></script>
<link rel="stylesheet" href="${publicPath(publicUrl, STYLE_ADDRESS)}">
<link rel="icon" href="${ICON_ADDRESS}">
</head>
<body${wide ? html` class="wide"` : null}>
<header>${alone ? html`<span>${MARK} Forgelink</span>` : html`<a href="${publicPath(publicUrl, '/')}">${MARK} Forgelink</a>`}</header>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`.markup
}

export function sendPage(publicUrl: string, reply: FastifyReply, status: number, page: Page): FastifyReply {
  return reply.status(status).type('text/html; charset=utf-8').send(documentOf(publicUrl, page))
}

/** A page that says what happened and what to do, with a link to go on. */
export function messagePage(title: string, sentences: string[], way: { href: string; text: string }): Page {
  return {
    title,
    body: html`${sentences.map((sentence) => html`<p>${sentence}</p>\n`)}
<p><a class="button" href="${way.href}">${way.text}</a></p>`,
  }
}

/**
 * The answer to a form that leads to a platform. A redirect would not work: browsers check `form-action` for each
 * redirect after a form, and we cannot know to which sign-in page a platform redirects next. A refresh without delay
 * leaves no step to go back to, and does not interrupt a screen reader. https://github.com/w3c/webappsec-csp/issues/8,
 * https://www.w3.org/WAI/WCAG22/Techniques/html/H76
 */
export function onwardPage(label: string, address: string): Page {
  return {
    ...messagePage(`On to ${label}`, [`Your browser goes to ${label} now. If it does not, go there yourself:`], {
      href: address,
      text: `Continue to ${label}`,
    }),
    goesTo: address,
  }
}

/** Sets a page's headers; the nonce is for the styles of this one answer. */
export function protectPage(reply: FastifyReply): { nonce: string } {
  const nonce = randomBytes(16).toString('base64')
  const policy = {
    'default-src': ["'self'"],
    'style-src': ["'self'", `'nonce-${nonce}'`],
    'img-src': ["'self'", 'data:'],
    'form-action': ["'self'"],
    'base-uri': ["'none'"],
    'object-src': ["'none'"],
    'frame-ancestors': ["'none'"],
  }
  const text = Object.entries(policy).map(([name, sources]) => `${name} ${sources.join(' ')}`)
  reply.header('content-security-policy', text.join('; '))
  // Not no-referrer: with that, browsers send "Origin: null" with a form.
  reply.header('referrer-policy', 'same-origin')
  return { nonce }
}

const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[::1\])$/

/**
 * The address to redirect to when a page is opened under another name of this machine, where the cookie is not sent.
 */
function addressUnderPublicName(publicUrl: string, request: FastifyRequest): string | undefined {
  const asked = URL.parse(`http://${request.headers.host}`)
  const own = new URL(publicUrl)
  const isOther = asked && asked.hostname !== own.hostname && LOOPBACK.test(asked.hostname)
  return isOther && LOOPBACK.test(own.hostname) ? `${publicUrl}${request.url}` : undefined
}

/** Sets up `app` for pages: headers, forms, and failures as pages, for every route registered afterwards. */
export function configurePages(app: App, publicUrl: string): void {
  app.addHook('onRequest', async (request, reply) => {
    protectPage(reply)
    const instead = request.method === 'GET' && addressUnderPublicName(publicUrl, request)
    if (instead) return reply.redirect(instead, 307)
  })
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(String(body))))
  })
  app.setErrorHandler((error: FastifyError | Failure, request, reply) => {
    // Our own script posts to pages too: signing out.
    if (isForProgram(request)) return answerFailure(error, request, reply)
    const { failure, row } = noteFailure(error, request, reply)
    const sentence =
      row.status === 500
        ? `Something went wrong on this server. If it does so again, tell its operator this number: ${request.id}`
        : failure.message
    const way = { href: publicPath(publicUrl, '/profile'), text: 'Go to your profile' }
    sendPage(publicUrl, reply, row.status, messagePage('That did not work', [sentence], way))
  })
}

function isForProgram(request: FastifyRequest): boolean {
  return request.headers.accept?.includes('application/json') === true && !prefersHtml(request)
}

/** A field of a form; undefined when it is missing. */
export function formField(request: FastifyRequest, name: string): string | undefined {
  const body = request.body
  if (typeof body !== 'object' || body === null || !Object.hasOwn(body, name)) return undefined
  const value: unknown = Reflect.get(body, name)
  return typeof value === 'string' ? value : undefined
}

/** Files that pages need, without signing in. */
export function pageFileRoutes(app: App): void {
  // Browsers request it when a page names no icon, for example when they show JSON.
  app.get('/favicon.ico', { schema: { hide: true } }, async (_request, reply) =>
    reply.header('cache-control', 'public, max-age=86400').type('image/svg+xml').send(ICON),
  )
  app.get(STYLE_PATH, { schema: { hide: true } }, async (_request, reply) =>
    reply
      .header('cache-control', 'public, max-age=31536000, immutable')
      .type('text/css; charset=utf-8')
      .send(PAGE_STYLE),
  )
}
