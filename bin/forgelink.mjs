#!/usr/bin/env node
// The `forgelink` command: makes the clone runnable, then hands over to src/cli.ts.

import { prepare } from '../scripts/prepare.mjs'

prepare()
const { main } = await import('../dist/src/cli.js')
await main(process.argv.slice(2))
