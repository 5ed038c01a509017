// The system's Chromium: found, installed where that is possible, or missed loudly.

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const CHROMIUM_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** Nothing of the browser's own goes over the network; without a sandbox it runs as root too. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Where Chromium is; undefined after saying so when there is none and none can be installed. Throws then in CI. */
export function findChromium(): string | undefined {
  const path = installed() ?? (install() ? installed() : undefined)
  if (path !== undefined) return path
  const message = 'the tests in a browser need Chromium or Chrome: install it, or set CHROMIUM_PATH to its program'
  if (process.env.CI === 'true') throw new Error(message)
  process.stderr.write(`\n*** Skipped: ${message} ***\n\n`)
  return undefined
}

export function launchChromium(path: string): Promise<Browser> {
  return chromium.launch({ executablePath: path, args: FLAGS, headless: true })
}

function installed(): string | undefined {
  const wanted = process.env.CHROMIUM_PATH
  if (wanted) {
    if (!existsSync(wanted)) throw new Error(`CHROMIUM_PATH names no file: ${wanted}`)
    return wanted
  }
  return CHROMIUM_PATHS.find((path) => existsSync(path))
}

/** As root on Debian and what is made of it. */
function install(): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false
  process.stderr.write('Installing Chromium for the tests in a browser…\n')
  // Several test files may come here at once: apt-get waits for the other's lock, and then has nothing to do.
  const options = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } } as const
  spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=300', 'update', '-qq'], options)
  const packages = ['chromium', 'fonts-dejavu', 'fonts-noto-color-emoji']
  const args = ['-o', 'DPkg::Lock::Timeout=300', 'install', '-y', '-qq', '--no-install-recommends', ...packages]
  return spawnSync('apt-get', args, options).status === 0
}
