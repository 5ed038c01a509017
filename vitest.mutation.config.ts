// What scripts/mutation.mjs runs for each mutant: the tests it names, without PostgreSQL.

import { defineConfig } from 'vitest/config'

// biome-ignore lint/style/noProcessEnv: Stryker starts vitest, and hands on nothing else
const include = JSON.parse(process.env.MUTATION_TESTS ?? '[]')

export default defineConfig({
  test: {
    include,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: [
      {
        // A file that cannot be loaded has no test that fails: without this its mutant would count as survived.
        onTestModuleEnd(file) {
          const [error] = file.errors()
          if (error) throw new Error(`${file.moduleId} cannot be loaded: ${error.message}`)
        },
      },
    ],
  },
})
