// What `npm run test:field` runs.

import { defineConfig } from 'vitest/config'

const common = {
  // Several start programs on fixed ports, and each keeps a core busy.
  fileParallelism: false,
  testTimeout: 300_000,
  hookTimeout: 600_000,
  expect: { poll: { timeout: 10_000 } },
}
const THROUGH_PGBOUNCER = 'test/field/pgbouncer.test.ts'

/** Those of `npm test` that use the store in every way; what they do on SQLite is left out. */
const throughPgBouncer = {
  ...common,
  name: 'pgbouncer',
  testNamePattern: /PostgreSQL/,
  globalSetup: ['test/field/support/pgbouncer-setup.ts'],
  include: [
    THROUGH_PGBOUNCER,
    'src/database/migrations.test.ts',
    'test/accounts/*.test.ts',
    'test/audit/*.test.ts',
    'test/integrations.test.ts',
    'test/key-rotation.test.ts',
    'test/keys.test.ts',
    'test/lists.test.ts',
    'test/oauth/linking.test.ts',
    'test/reliability/isolation.test.ts',
    'test/reliability/replicas.test.ts',
    'test/search/*.test.ts',
    'test/sessions.test.ts',
    'test/storage-limits.test.ts',
    'test/token-life*.test.ts',
    'test/tokens/*.test.ts',
  ],
}

/** The drill of docs/operations.md with a server of the system, which its own `pg_dump` and `psql` can copy. */
const withTools = {
  ...common,
  name: 'psql',
  testNamePattern: /PostgreSQL/,
  globalSetup: ['test/field/support/psql-setup.ts'],
  include: ['test/backup-drill.test.ts'],
}

export default defineConfig({
  test: {
    projects: [
      { test: { ...common, name: 'field', include: ['test/field/**/*.test.ts'], exclude: [THROUGH_PGBOUNCER] } },
      { test: throughPgBouncer },
      { test: withTools },
    ],
  },
})
