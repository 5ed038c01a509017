// Runs `npm run mutation`: changes the program in many small ways, one at a time, and checks whether a test notices.
// Names select areas: `npm run mutation -- vault grammar`.

import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { prepare } from './prepare.mjs'

// Not a dependency: everybody would install its 133 packages, and few would use them.
const STRYKER = '9.6.1'
/** Of a hundred changes, how many the tests of an area must notice. */
const WANTED = 85

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const results = 'test-results/mutation'

/** Each file with the tests that should notice its changes: with fewer tests it is faster. */
const areas = [
  {
    name: 'address',
    runs: [
      {
        mutate: ['src/platforms/transport/connect/address.ts', 'src/platforms/transport/connect/address-class.ts'],
        tests: [
          'src/platforms/transport/connect/address.test.ts',
          'src/platforms/transport/connect/address-class.test.ts',
          'src/platforms/transport/connect/address-messages.test.ts',
        ],
      },
    ],
  },
  { name: 'vault', runs: [{ mutate: ['src/secrets/vault.ts'], tests: ['src/secrets/vault.test.ts'] }] },
  {
    name: 'grammar',
    runs: [{ mutate: ['src/integrations/search/query.ts'], tests: ['src/integrations/search/query.test.ts'] }],
  },
  {
    name: 'authentication',
    runs: [
      {
        mutate: ['src/accounts/{bearer,session-cookie}.ts'],
        tests: ['src/accounts/bearer.test.ts', 'src/accounts/sessions/session-cookie.test.ts'],
      },
      { mutate: ['src/accounts/passwords.ts'], tests: ['src/accounts/passwords.test.ts'] },
      { mutate: ['src/accounts/login-throttle.ts'], tests: ['src/accounts/login-throttle.test.ts'] },
      { mutate: ['src/accounts/sessions/sessions.ts'], tests: ['test/sessions.test.ts'] },
      {
        mutate: ['src/accounts/api-tokens.ts'],
        tests: ['test/accounts/accounts.test.ts', 'test/accounts/credentials.test.ts'],
      },
      {
        mutate: ['src/accounts/authenticate.ts'],
        tests: [
          'test/accounts/accounts.test.ts',
          'test/accounts/credentials.test.ts',
          'test/sessions.test.ts',
          'test/reliability/guessing.test.ts',
        ],
      },
    ],
  },
]

const names = process.argv.slice(2)
const unknown = names.find((name) => !areas.some((area) => area.name === name))
if (unknown) {
  console.error(`there is no area "${unknown}"; there are ${areas.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

prepare([])
const chosen = areas.filter(({ name }) => names.length === 0 || names.includes(name))
const figures = chosen.map(figuresOf)
console.log(`\n${figures.map(({ line }) => line).join('\n')}`)
process.exitCode = figures.every(({ percent }) => percent >= WANTED) ? 0 : 1

function figuresOf({ name, runs }) {
  const mutants = runs.flatMap((each, n) => mutantsOf(each, `${results}/${name}${n === 0 ? '' : `-${n + 1}`}`))
  const count = (...wanted) => mutants.filter(({ status }) => wanted.includes(status)).length
  const noticed = count('Killed', 'Timeout')
  const all = noticed + count('Survived', 'NoCoverage')
  const percent = (noticed / all) * 100
  const notes = `${count('Timeout')} of them by time; beside these ${count('RuntimeError', 'CompileError')} that cannot be loaded`
  return { percent, line: `${name}: ${noticed} of ${all} noticed, ${percent.toFixed(1)} % (${notes})` }
}

function mutantsOf({ mutate, tests }, folder) {
  const configuration = {
    testRunner: 'vitest',
    vitest: { configFile: 'vitest.mutation.config.ts', related: false },
    mutate,
    coverageAnalysis: 'perTest',
    concurrency: 1,
    // Left as it is: only the type checker would want it changed, and it is not asked.
    tsconfigFile: 'none',
    ignorePatterns: ['dist', 'data', 'docs', 'dashboard', 'test-results', '*.log'],
    tempDirName: `${folder}/sandbox`,
    reporters: ['progress-append-only', 'clear-text', 'html', 'json'],
    clearTextReporter: { reportTests: false },
    htmlReporter: { fileName: `${folder}/report.html` },
    jsonReporter: { fileName: `${folder}/report.json` },
  }
  const file = join(root, folder, 'stryker.config.json')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, JSON.stringify(configuration, null, 2))

  const vitest = JSON.parse(readFileSync(join(root, 'node_modules/vitest/package.json'), 'utf8'))
  const packages = ['@stryker-mutator/core', '@stryker-mutator/vitest-runner'].map((name) => `${name}@${STRYKER}`)
  const wanted = [...packages, `vitest@${vitest.version}`].flatMap((name) => ['-p', name])
  const { status, error } = spawnSync('npx', ['-y', ...wanted, '--', 'stryker', 'run', file], {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, MUTATION_TESTS: JSON.stringify(tests) },
  })
  if (error) throw error
  if (status !== 0) {
    console.error(`Stryker ended with ${status}.`)
    process.exit(1)
  }
  const { files } = JSON.parse(readFileSync(join(root, folder, 'report.json'), 'utf8'))
  return Object.values(files).flatMap((each) => each.mutants)
}
