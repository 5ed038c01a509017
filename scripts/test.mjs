// What `npm test` runs: installs what is missing, then vitest with the arguments it was given.

import { prepare } from './prepare.mjs'

prepare([])
// vitest sets it only when it is unset, and React has no test helpers in production.
process.env.NODE_ENV = 'test'
// A machine that is busy elsewhere must not hold up a landing; what is broken fails twice.
process.argv.splice(2, 0, 'run', ...(process.env.CI ? ['--retry=1'] : []))
await import('../node_modules/vitest/vitest.mjs')
