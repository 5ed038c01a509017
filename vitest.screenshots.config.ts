// What `npm run screenshots` runs.

import { defineConfig } from 'vitest/config'

export default defineConfig({ test: { include: ['test/e2e/screenshots.ts'], hookTimeout: 180_000 } })
