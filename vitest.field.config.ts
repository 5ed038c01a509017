// What `npm run test:field` runs.

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/field/**/*.test.ts'],
    // Several start programs on fixed ports, and each keeps a core busy.
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 600_000,
  },
})
