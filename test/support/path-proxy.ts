// A reverse proxy of a test: it passes on what is below a path, taken off or not, and nothing else.

import { request as httpRequest } from 'node:http'
import { type Handler, serve, type TestServer } from './fault-server.ts'

export interface PathProxy extends Pick<TestServer, 'origin' | 'close'> {
  /** What PUBLIC_URL is behind it. */
  publicUrl: string
  /** Where the service listens; set it before the first request. */
  target: string
  /** What was asked for elsewhere at this host, where other programs would be. */
  outside: string[]
}

export async function startPathProxy(path: string, { takesOff }: { takesOff: boolean }): Promise<PathProxy> {
  const pass: Handler = (request, response) => {
    const { method = 'GET', url = '/', headers } = request
    const isBelow = url === path || [`${path}/`, `${path}?`].some((start) => url.startsWith(start))
    if (!isBelow) {
      proxy.outside.push(`${method} ${url}`)
      return response.writeHead(404, { 'content-type': 'text/plain' }).end('another program')
    }
    const { hostname, port } = new URL(proxy.target)
    const asked = takesOff ? url.slice(path.length).replace(/^(?!\/)/, '/') : url
    const passed = httpRequest({ hostname, port, method, path: asked, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    passed.on('error', () => response.destroy())
    return request.pipe(passed)
  }
  const { origin, close } = await serve(pass)
  const proxy: PathProxy = { origin, close, publicUrl: `${origin}${path}`, target: '', outside: [] }
  return proxy
}
