#!/usr/bin/env node
// The `forgelink` command: hands over to src/cli.ts, which is compiled in a package, and has to be in a clone.

import { existsSync } from 'node:fs'

// A package has no sources, and its folder may be read-only.
if (existsSync(new URL('../src', import.meta.url))) {
  const { prepare } = await import('../scripts/prepare.mjs')
  prepare()
}
const { main } = await import('../dist/current/src/cli.js')
await main(process.argv.slice(2))
