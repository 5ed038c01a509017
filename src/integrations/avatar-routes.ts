// Serves the pictures of users and linked accounts from our own address, so that a page never makes a browser contact
// another.

import { createHash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { html } from '../http/html/html.ts'
import { IdParams } from '../http/schemas.ts'
import type { App } from '../http/server.ts'
import { fetchImage } from '../platforms/image.ts'
import { isOwn } from '../platforms/platform-url.ts'
import { getIntegration } from './integrations.ts'
import type { Services } from './services.ts'

/** A user or a linked account. */
interface Pictured {
  id: string
  username: string
  avatarUrl: string | null
  /** The platform's root; null for a user, who belongs to none. */
  webUrl: string | null
}

type Image = { type: string; bytes: Buffer } | null

/** At most 50 MB. Running requests are in it too, so that each picture is fetched only once. */
const REMEMBERED = 200
const REMEMBERED_MS = 3_600_000
/** After a failure the platform is asked again sooner. */
const FAILURE_MS = 300_000

/** For an `app` that requires a session. `serverNames`: our host names besides that of `publicUrl`. */
export function avatarRoutes(app: App, services: Services, serverNames: string[]): void {
  const images = new LRUCache<string, Promise<Image>>({ max: REMEMBERED, ttl: REMEMBERED_MS })

  const { publicUrl } = services
  const ours = [publicUrl, ...serverNames.map((name) => Object.assign(new URL(publicUrl), { hostname: name }).href)]

  /** Whether the address is our own: a platform could name it, to make this server call itself. */
  function isOurs(address: string): boolean {
    return ours.some((own) => isOwn(address, own))
  }

  function imageOf(account: string, { id, avatarUrl, webUrl }: Pictured): Promise<Image> {
    if (avatarUrl === null || isOurs(avatarUrl)) return Promise.resolve(null)
    const key = `${id} ${avatarUrl}`
    const known = images.get(key)
    if (known) return known
    const image: Promise<Image> = fetchImage(services.transport, { account, address: avatarUrl, webUrl })
      .catch(() => null)
      .then((found) => {
        if (found === null) images.set(key, Promise.resolve(null), { ttl: FAILURE_MS })
        return found
      })
    images.set(key, image)
    return image
  }

  app.get('/avatars/:id', { schema: { hide: true, params: IdParams } }, async ({ user, params }, reply) => {
    const pictured =
      params.id === user.id
        ? { ...user, webUrl: null, username: user.fullName ?? user.username }
        : await getIntegration(services.database, user.id, params.id)
    const image = await imageOf(user.id, pictured)
    reply.header('cache-control', `private, max-age=${image ? 3600 : 300}`)
    // If someone opens it as a page, it can show only the picture.
    reply.header('content-security-policy', "default-src 'none'; sandbox")
    if (image) return reply.type(image.type).send(image.bytes)
    return reply.type('image/svg+xml; charset=utf-8').send(initials(pictured))
  })
}

const SIZE = 96

/** An image with the first letters of the name, on a colour chosen by the link's id. */
function initials({ id, username }: Pictured): string {
  const [first = '?', second = ''] = username.split(/[^\p{L}\p{N}]+/u).filter((part) => part !== '')
  const letters = second === '' ? [...first].slice(0, 2) : [[...first][0], [...second][0]]
  const hue = (createHash('sha256').update(id).digest()[0] ?? 0) * 1.4
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE} ${SIZE}" width="${SIZE}" height="${SIZE}" role="img" aria-label="${username}">
<rect width="${SIZE}" height="${SIZE}" fill="hsl(${Math.round(hue)} 45% 38%)"/>
<text x="50%" y="50%" dy=".36em" text-anchor="middle" font-family="system-ui, sans-serif" font-size="40" fill="#fff">${letters.join('').toUpperCase()}</text>
</svg>
`.markup
}
