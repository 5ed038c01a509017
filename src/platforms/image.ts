// Account pictures, fetched through the transport like everything else, but without a token.

import type { Transport } from './transport/transport.ts'

const MAX_IMAGE_BYTES = 256 * 1024

/** The first bytes decide: a server's content type proves nothing, and an SVG can run scripts. */
const RASTER_IMAGES: [type: string, start: RegExp][] = [
  ['image/png', /^\x89PNG\r\n/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/gif', /^GIF8[79]a/],
  ['image/webp', /^RIFF[\s\S]{4}WEBP/],
]

/**
 * A picture that is shown to `account`, fetched without any token; null when there is none that can be shown. At the
 * origin of the platform at `webUrl`, if it is one's picture, it must be below its root; elsewhere the address must be
 * public. Throws a `Failure`.
 */
export async function fetchImage(
  transport: Transport,
  { account, address, webUrl }: { account: string; address: string; webUrl: string | null },
): Promise<{ type: string; bytes: Buffer } | null> {
  const url = new URL(address)
  const own = webUrl !== null && url.origin === new URL(webUrl).origin ? webUrl : null
  if (own !== null && !url.href.startsWith(`${own}/`)) return null
  const get = own === null ? transport.foreignPicture : transport.picture
  const endpoint = transport.endpointOf(url)
  const deadline = Date.now() + transport.limits.headers
  const { status, bytes } = await transport.waiting(account, (signal) =>
    get({
      method: 'GET',
      url,
      headers: { accept: 'image/*' },
      body: null,
      endpoint,
      maxBytes: MAX_IMAGE_BYTES,
      scope: 'image',
      root: own ?? url.origin,
      deadline,
      signal,
    }),
  )
  const type = RASTER_IMAGES.find(([, start]) => start.test(bytes.toString('latin1', 0, 16)))?.[0]
  return status === 200 && type !== undefined ? { type, bytes } : null
}
