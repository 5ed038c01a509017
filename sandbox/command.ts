// `forgelink sandbox`: starts the simulator and prints how to use it.

import { type Sandbox, type SandboxPlatform, startSandbox } from './sandbox.ts'

/** Runs until SIGINT or SIGTERM. `firstPort`: of five in a row. */
export async function runSandbox({ firstPort, json }: { firstPort: number | undefined; json: boolean }): Promise<void> {
  const sandbox = await startSandbox(firstPort === undefined ? {} : { ports: firstPort })
  const text = json ? JSON.stringify(sandboxAsJson(sandbox)) : sandboxAsText(sandbox)
  process.stdout.write(`${text}\n`)
  await stopAsked()
  await sandbox.close()
}

function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve())
    process.once('SIGTERM', () => resolve())
  })
}

export function sandboxAsJson(sandbox: Sandbox): object {
  const platforms = Object.values(sandbox.platforms).map((platform) => ({
    name: platform.name,
    scm_type: platform.scmType,
    url: platform.url,
    api_url: platform.apiUrl,
    users: platform.users.map(({ username, tokens }) => ({ username, tokens })),
    oauth: { client_id: platform.oauth.id, client_secret: platform.oauth.secret },
  }))
  return { platforms, settings: sandboxSettings(sandbox) }
}

/** The settings that point a Forgelink at this sandbox. */
export function sandboxSettings({ platforms }: Sandbox): Record<string, string> {
  const all = Object.values(platforms)
  const selfHosted = all.filter(({ dotCom }) => !dotCom)
  const linkedByOAuth = all.filter(({ dotCom }) => dotCom)
  return {
    ALLOWED_HOSTS: selfHosted.map(({ url }) => new URL(url).origin).join(','),
    ...Object.fromEntries(linkedByOAuth.flatMap(oauthSettings)),
  }
}

function oauthSettings({ name, url, oauth }: SandboxPlatform): [string, string][] {
  const prefix = name.toUpperCase()
  return [
    [`${prefix}_URL`, url],
    [`${prefix}_CLIENT_ID`, oauth.id],
    [`${prefix}_CLIENT_SECRET`, oauth.secret],
  ]
}

export function sandboxAsText(sandbox: Sandbox): string {
  const settings = Object.entries(sandboxSettings(sandbox)).map(([name, value]) => `${name}=${value}`)
  return [
    'The Forgelink sandbox: GitHub and GitLab as they behave, with people and tokens that are no secret.',
    '',
    ...Object.values(sandbox.platforms).flatMap(platformAsText),
    'Settings that point a Forgelink at it:',
    '',
    ...settings,
    '',
    'Faults: PUT ADDRESS/_sandbox/faults {"fault":"status-500","times":1}; GET lists their names, DELETE ends them.',
    'Limits: PATCH ADDRESS/_sandbox/settings {"rateLimits":null} takes them off.',
    'Stop with Ctrl-C.',
  ].join('\n')
}

function platformAsText(platform: SandboxPlatform): string[] {
  const rows = platform.users.flatMap(({ username, tokens }) =>
    Object.entries(tokens).map(([purpose, token]): [string, string, string] => [username, purpose, token]),
  )
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const lines = rows.map(([username, purpose, token], index) => {
    const name = rows[index - 1]?.[0] === username ? '' : username
    return `    ${name.padEnd(widths[0] ?? 0)}  ${purpose.padEnd(widths[1] ?? 0)}  ${token}`
  })
  return [
    `${platform.name} (${platform.scmType})`,
    `  address  ${platform.url}`,
    `  API      ${platform.apiUrl}`,
    `  OAuth    ${platform.oauth.id}  ${platform.oauth.secret}`,
    '  tokens',
    ...lines,
    '',
  ]
}
