// Faults of servers between us and the platform: proxies, gateways, firewalls and sign-in pages that answer instead of
// it.

import { type Call, json, nothing, type Reply } from '../http.ts'
import type { Exchange, Fault } from './exchange.ts'

const APACHE = 'Apache/2.4.62 (Debian)'
const APACHE_404 = `<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">
<html><head>
<title>404 Not Found</title>
</head><body>
<h1>Not Found</h1>
<p>The requested URL was not found on this server.</p>
<hr>
<address>${APACHE} Server at git.example.com Port 443</address>
</body></html>
`
const TOMCAT_400 =
  '<!doctype html><html lang="en"><head><title>HTTP Status 400 – Bad Request</title></head><body><h1>HTTP Status 400 – Bad Request</h1></body></html>'
const IIS_400 = `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">
<HTML><HEAD><TITLE>Bad Request</TITLE></HEAD>
<BODY><h2>Bad Request - Invalid URL</h2>
<hr><p>HTTP Error 400. The request URL is invalid.</p>
</BODY></HTML>
`

/** Whatever is requested, another server answers. */
const toAnyCall = {
  // https://nginx.org/en/docs/http/ngx_http_auth_basic_module.html
  'proxy-html-401': () =>
    page(401, 'nginx', nginxPage('401 Authorization Required'), { 'www-authenticate': 'Basic realm="Staff only"' }),
  // A rule of AWS WAF, answered by the load balancer that it belongs to.
  'proxy-html-403': () => page(403, 'awselb/2.0', nginxPage('403 Forbidden', '')),
  'proxy-html-404': () => page(404, APACHE, APACHE_404),
  // https://github.com/kubernetes/ingress-nginx/issues/3888
  'proxy-text-404': () => text(404, 'default backend - 404'),
  /** With the status `value` (default 404). */
  'proxy-empty': ({ rule }) => nothing(Number(rule.value ?? 404), { 'content-length': '0' }),
  // Spring's gateways and resource servers.
  'proxy-json-401': () => json(401, { status: 401, error: 'Unauthorized' }),
  // https://repost.aws/knowledge-center/api-gateway-troubleshoot-403-forbidden
  'proxy-json-403': () => json(403, { message: 'Forbidden' }, { 'x-amzn-errortype': 'ForbiddenException' }),
  // https://github.com/Kong/kong/issues/10483
  'proxy-json-404': () => json(404, { message: 'no Route matched with those values' }, { server: 'kong/3.9.0' }),
  /** `{"error":…}` and nothing else, with the status `value` (default 403). */
  'proxy-json-error': ({ rule }) => {
    const status = Number(rule.value ?? 403)
    return json(status, { error: status === 404 ? 'not found' : 'access denied by policy' })
  },
  /** `value` seconds to wait (default 30). */
  'proxy-json-429': ({ rule }) =>
    json(429, { error: 'Rate limit exceeded' }, { 'retry-after': String(rule.value ?? 30) }),
  // https://developers.cloudflare.com/cloudflare-challenges/challenge-types/challenge-pages/detect-response/
  'proxy-challenge': () =>
    page(403, 'cloudflare', '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head></html>', {
      'cf-mitigated': 'challenge',
    }),
} satisfies Record<string, (exchange: Exchange) => Reply>

/** Rejects only paths with an encoded slash, as these products do by default or when configured so. */
const toEncodedSlashes = {
  // https://httpd.apache.org/docs/2.4/mod/core.html#allowencodedslashes
  'slashes-apache': () => page(404, APACHE, APACHE_404),
  // https://tomcat.apache.org/tomcat-10.1-doc/config/http.html (encodedSolidusHandling)
  'slashes-tomcat': () => page(400, undefined, TOMCAT_400),
  // HTTP.sys answers before any IIS module is called.
  'slashes-iis': () => page(400, 'Microsoft-HTTPAPI/2.0', IIS_400),
  // https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto (PathWithEscapedSlashesAction)
  'slashes-envoy': () => nothing(400, { server: 'envoy', 'content-length': '0' }),
} satisfies Record<string, () => Reply>

export const proxyFaults = faultsOf({ ...toAnyCall, ...toEncodedSlashes })

/** Looks at the path exactly as it arrived. */
export function hasEncodedSlash({ path }: Call): boolean {
  return /%2f/i.test(path)
}

function faultsOf<Name extends string>(answers: Record<Name, (exchange: Exchange) => Reply>): Record<Name, Fault> {
  const faults = Object.entries<(exchange: Exchange) => Reply>(answers).map(([name, answer]) => {
    const fault: Fault = (exchange) => exchange.send(answer(exchange))
    return [name, fault] as const
  })
  return Object.fromEntries(faults) as Record<Name, Fault>
}

function page(status: number, server: string | undefined, body: string, headers: Record<string, string> = {}): Reply {
  const name: Record<string, string> = server === undefined ? {} : { server }
  return { status, headers: { 'content-type': 'text/html; charset=utf-8', ...name, ...headers }, body }
}

function text(status: number, body: string): Reply {
  return { status, headers: { 'content-type': 'text/plain; charset=utf-8' }, body }
}

function nginxPage(title: string, product = '<hr><center>nginx</center>\r\n'): string {
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n${product}</body>\r\n</html>\r\n`
}
