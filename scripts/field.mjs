// Runs `npm run test:field`: tests with real surroundings (npm's registry, other people's linters). They take longer
// than `npm test` should, or need what few machines have.

import { prepare } from './prepare.mjs'

prepare()
process.argv.splice(2, 0, 'run', '--config', 'vitest.field.config.ts')
await import('../node_modules/vitest/vitest.mjs')
