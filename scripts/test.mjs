// What `npm test` runs: installs what is missing, then vitest with the arguments it was given.

import { prepareDependencies } from './prepare.mjs'

prepareDependencies()
// vitest sets it only when it is unset, and React has no test helpers in production.
process.env.NODE_ENV = 'test'
process.argv.splice(2, 0, 'run')
await import('../node_modules/vitest/vitest.mjs')
