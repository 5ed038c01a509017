// Runs `npm run screenshots`: makes docs/images from the running program, with the sandbox's people and repositories.

import { prepare } from './prepare.mjs'

prepare([])
process.env.NODE_ENV = 'test'
process.argv.splice(2, 0, 'run', '--config', 'vitest.screenshots.config.ts')
await import('../node_modules/vitest/vitest.mjs')
