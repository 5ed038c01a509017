// What `npm test` runs.

import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that mostly wait go first, beside those that compute: at the end nothing would be left to do meanwhile. */
const WAITING =
  /(token-life\S*|revocation-patience|stopping|overload|crashes|store-trouble|platform-limits|oauth-callback)\.test\.ts$/

/** These look at the process itself: its memory, threads, sockets and delays. Each gets a process of its own. */
const ALONE = [
  'src/database/sqlite.test.ts',
  'src/platforms/transport/body/body-budget.test.ts',
  'test/reliability/**/*.test.ts',
  'test/e2e/**/*.test.ts',
]

class WaitingFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const waits = ({ moduleId }: TestSpecification) => WAITING.test(moduleId)
    return [...sorted.filter(waits), ...sorted.filter((file) => !waits(file))]
  }
}

const common = {
  // Many tests wait for time to pass: where there are few cores, more of them at once.
  maxWorkers: Math.max(4, availableParallelism()),
  testTimeout: 30_000,
  hookTimeout: 60_000,
  // A second, the default, is short on a busy machine.
  expect: { poll: { timeout: 10_000 } },
}

export default defineConfig({
  test: {
    ...common,
    // Of the whole run: a project that had it too would start a PostgreSQL of its own.
    globalSetup: ['test/support/postgres-setup.ts'],
    sequence: { sequencer: WaitingFirst },
    projects: [
      {
        // Files share a process for each worker, and what they import is loaded once: https://vitest.dev/config/isolate
        test: {
          ...common,
          name: 'shared',
          isolate: false,
          include: ['src/**/*.test.ts', 'sandbox/**/*.test.ts', 'test/**/*.test.ts'],
          // `npm run test:field` runs those of test/field.
          exclude: [...ALONE, 'test/field/**'],
        },
      },
      { test: { ...common, name: 'alone', include: ALONE } },
    ],
  },
})
