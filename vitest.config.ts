// What `npm test` runs.

import { availableParallelism } from 'node:os'
import { configDefaults, defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that mostly wait go first, beside those that compute: at the end nothing would be left to do meanwhile. */
const WAITING = /(token-life\S*|stopping|overload|crashes|store-trouble|platform-limits|oauth-callback)\.test\.ts$/

class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const waits = ({ moduleId }: TestSpecification) => WAITING.test(moduleId)
    return [...sorted.filter(waits), ...sorted.filter((file) => !waits(file))]
  }
}

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'sandbox/**/*.test.ts', 'test/**/*.test.ts'],
    // What `npm run test:field` runs.
    exclude: [...configDefaults.exclude, 'test/field/**'],
    globalSetup: ['test/support/postgres-setup.ts'],
    // Many tests wait for time to pass: where there are few cores, more of them at once.
    maxWorkers: Math.max(4, availableParallelism()),
    sequence: { sequencer: WaitingFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A second, the default, is short on a busy machine.
    expect: { poll: { timeout: 10_000 } },
  },
})
