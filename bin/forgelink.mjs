#!/usr/bin/env node
// The `forgelink` command: hands over to src/cli.ts, which is compiled in a package, and has to be in a clone.

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openBuild } from './build.mjs'

// A package has no sources, and its folder may be read-only.
if (existsSync(new URL('../src', import.meta.url))) {
  const { prepare } = await import('../scripts/prepare.mjs')
  prepare()
}
const { main } = openBuild(fileURLToPath(new URL('../dist/current', import.meta.url))).load('src/cli.cjs')
await main(process.argv.slice(2))
