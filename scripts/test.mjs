// Runs `npm test`: installs what is missing, then starts vitest with the given arguments.

import { prepare } from './prepare.mjs'

prepare([])
// vitest sets it only when it is unset, and React has no test helpers in production.
process.env.NODE_ENV = 'test'
// On a busy machine a test may fail by chance; a real fault fails twice.
process.argv.splice(2, 0, 'run', ...(process.env.CI ? ['--retry=1'] : []))
await import('../node_modules/vitest/vitest.mjs')
