// A GitHub Enterprise Server that means harm: every text of account `n` is the n-th of these, every address too, and its picture is what a test says.

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { serve, type TestServer } from '../support/fault-server.ts'
import { ed25519Key } from '../support/public-keys.ts'

/** What would leave a mark on `window.hit` or in the page if it were more than text. */
export const TEXTS = [
  '<script>window.hit=1</script>',
  '<img src=x onerror="window.hit=1">',
  '<svg/onload=window.hit=1>',
  `"'><b id=hit>bold</b>`,
  '</title></textarea></script><script>window.hit=1</script>',
  '<iframe srcdoc="<script>top.hit=1</script>"></iframe>',
  '<a href="javascript:window.hit=1" id=hit>press</a>',
  '{{constructor.constructor("window.hit=1")()}} #{window.hit=1}',
  '&lt;img src=x onerror=window.hit=1&gt; &amp;amp; --><!--',
  'report\u202Egnp.exe \u2067\u061c\u200bend',
  '<style>@import "https://evil.example/x.css";*{display:none}</style>',
]

export const ADDRESSES = [
  'javascript:window.hit=1',
  'JaVaScRiPt:window.hit=1//https://example.com',
  ' \tjava\nscript:window.hit=1',
  'data:text/html,<script>window.hit=1</script>',
  'vbscript:window.hit=1',
  'file:///etc/passwd',
  'blob:https://example.com/1',
  'https://example.com/"onmouseover="window.hit=1',
  'view-source:https://example.com',
  '//example.com/relative',
  'https://user:password@example.com/',
]

export interface HostilePlatform extends TestServer {
  /** What each call carried, by path. */
  carried: Map<string, IncomingHttpHeaders>
}

export type Picture = (response: ServerResponse, request: IncomingMessage) => unknown

/** `pictures`: of account n; `avatarOf`: where its profile says that the picture is. */
export async function startHostilePlatform(
  pictures: Picture[] = [],
  avatarOf = (n: number, origin: string) => `${origin}/picture/${n}`,
): Promise<HostilePlatform> {
  const carried = new Map<string, IncomingHttpHeaders>()
  let origin = ''
  const server = await serve((request, response) => {
    const [path = ''] = (request.url ?? '').replace('/api/v3', '').split('?')
    carried.set(path, request.headers)
    const [, picture] = /^\/picture\/(\d+)/.exec(path) ?? []
    if (picture !== undefined) return (pictures[Number(picture)] ?? notFound)(response, request)
    const [, n] = /^Bearer token-(\d+)/.exec(request.headers.authorization ?? '') ?? []
    const answer = answers.find(([pattern]) => pattern.test(path))?.[1](Number(n ?? 0), origin, avatarOf)
    if (n === undefined || answer === undefined) return notFound(response)
    const scopes = { 'x-oauth-scopes': 'repo, read:org, read:public_key, user' }
    return response.writeHead(200, { 'content-type': 'application/json', ...scopes }).end(JSON.stringify(answer))
  })
  origin = server.origin
  return { ...server, carried }
}

function notFound(response: ServerResponse): void {
  response.writeHead(404, { 'content-type': 'application/json' }).end('{"message":"Not Found"}')
}

const textOf = (n: number) => TEXTS[n % TEXTS.length] ?? ''
const addressOf = (n: number) => ADDRESSES[n % ADDRESSES.length] ?? ''
const everything = TEXTS.map((_text, n) => n)

type AnswerOf = (n: number, origin: string, avatarOf: (n: number, origin: string) => string) => unknown

const answers: [path: RegExp, answer: AnswerOf][] = [
  [
    /^\/user$/,
    (n, origin, avatarOf) => ({
      id: n + 1,
      login: textOf(n),
      type: 'User',
      html_url: addressOf(n),
      avatar_url: avatarOf(n, origin),
      email: null,
    }),
  ],
  [/^\/user\/keys$/, (n) => [{ id: n + 1, key: ed25519Key(n), title: textOf(n) }]],
  [/^\/search\/repositories$/, () => ({ total_count: everything.length, items: everything.map(repository) })],
  [
    /^\/repos\/[^/]+\/[^/]+\/pulls$/,
    () =>
      everything.map((n) => ({
        id: n + 1,
        number: n + 1,
        title: textOf(n),
        state: 'open',
        html_url: addressOf(n),
        head: { repo: { full_name: `fork/${textOf(n)}`, html_url: addressOf(n) } },
      })),
  ],
  [/^\/repos\/[^/]+\/[^/]+$/, () => repository(0)],
  [
    /^\/user\/orgs$/,
    () => everything.map((n) => ({ id: n + 1, login: textOf(n), description: textOf(n), url: addressOf(n) })),
  ],
  [/^\/user\/(emails|memberships\/orgs)$/, () => []],
  [/^\/meta$/, () => ({ installed_version: TEXTS[0] })],
  [/^\/rate_limit$/, () => ({ resources: { core: { limit: 5000, remaining: 4999, reset: 1_900_000_000 } } })],
]

function repository(n: number) {
  return {
    id: n + 1,
    name: textOf(n),
    full_name: `owner/${textOf(n)}`,
    html_url: addressOf(n),
    description: `about ${textOf(n)}`,
    default_branch: textOf(n),
    private: false,
    fork: false,
  }
}

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** Of so many bytes, as far as its beginning tells. */
function png(bytes: number): Buffer {
  return Buffer.concat([PNG, Buffer.alloc(bytes - PNG.length, 1)])
}

function sendAs(type: string, body: Buffer | string, headers: Record<string, string> = {}, status = 200): Picture {
  return (response) => response.writeHead(status, { 'content-type': type, ...headers }).end(body)
}

function goTo(location: string): Picture {
  return (response) => response.writeHead(302, { location }).end()
}

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" onload="window.hit=1"><script>window.hit=1</script></svg>'

/** What is sent as a picture, and the type it is shown as; null: initials are shown instead. */
export const pictures = (elsewhere: string): [name: string, shown: string | null, picture: Picture][] => [
  ['a PNG', 'image/png', sendAs('image/png', png(300))],
  ['a PNG of 256 KiB', 'image/png', sendAs('image/png', png(256 * 1024))],
  ['a PNG of one byte more', null, sendAs('image/png', png(256 * 1024 + 1))],
  [
    'a PNG of 257 kB that does not tell its length',
    null,
    (response) => {
      response.writeHead(200, { 'content-type': 'image/png' })
      response.write(png(128 * 1024))
      response.end(Buffer.alloc(129 * 1024))
    },
  ],
  ['a PNG that is called a page', 'image/png', sendAs('text/html', png(300))],
  ['a PNG with a page in it', 'image/png', sendAs('text/html', Buffer.concat([png(20), Buffer.from(SVG)]))],
  ['a JPEG', 'image/jpeg', sendAs('image/png', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3]))],
  ['a GIF', 'image/gif', sendAs('image/gif', 'GIF89a....')],
  ['a WebP', 'image/webp', sendAs('image/webp', 'RIFF....WEBPVP8 ')],
  ['an SVG', null, sendAs('image/svg+xml', SVG)],
  ['an SVG that is called a PNG', null, sendAs('image/png', SVG)],
  ['a page that is called a PNG', null, sendAs('image/png', '<!doctype html><script>window.hit=1</script>')],
  ['a script that is called a PNG', null, sendAs('image/png', 'window.hit=1')],
  ['a PNG after a blank', null, sendAs('image/png', Buffer.concat([Buffer.from(' '), png(30)]))],
  ['a bitmap', null, sendAs('image/bmp', 'BM......')],
  ['an icon', null, sendAs('image/x-icon', Buffer.from([0, 0, 1, 0]))],
  ['nothing', null, sendAs('image/png', '')],
  ['a PNG with status 404', null, sendAs('image/png', png(300), {}, 404)],
  ['a PNG with status 500', null, sendAs('image/png', png(300), {}, 500)],
  [
    'a PNG that unpacks to a gigabyte',
    null,
    sendAs('image/png', gzipSync(png(64 * 1024 * 1024)), { 'content-encoding': 'gzip' }),
  ],
  ['a PNG in an odd encoding', null, sendAs('image/png', png(300), { 'content-encoding': 'br' })],
  ['a redirect to another server', null, goTo(`${elsewhere}/picture.png`)],
  ['a redirect to metadata', null, goTo('http://169.254.169.254/picture.png')],
  ['a redirect to data', null, goTo('data:image/png;base64,iVBORw0KGgo=')],
  ['a redirect within the platform', 'image/png', goTo('/picture/0')],
  ['a redirect to itself', null, (response, request) => goTo(request.url ?? '')(response, request)],
  ['no answer', null, () => undefined],
  ['a connection that is cut', null, (_response, request) => request.socket.destroy()],
]
