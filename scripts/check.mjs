// Runs the checks of `npm run check`: types, format and lint, import rules, words, sizes, unused code. Names select
// some of them: `npm run check -- types lint`.

import { spawn } from 'node:child_process'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { prepare } from './prepare.mjs'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

const checks = [
  { name: 'types', command: typeCheck('tsconfig.json', 'types') },
  { name: 'dashboard', command: typeCheck('dashboard/tsconfig.json', 'dashboard-types') },
  {
    name: 'lint',
    command: [
      'node_modules/@biomejs/biome/bin/biome',
      'check',
      '--diagnostic-level=warn',
      '--error-on-warnings',
      '--max-diagnostics=200',
    ],
    advice: 'npx biome check --write mends the format and much else',
  },
  { name: 'imports', command: ['scripts/check-imports.mjs'] },
  { name: 'words', command: ['scripts/check-words.mjs'], advice: 'each line ends with what to say instead' },
  { name: 'sizes', command: ['scripts/check-sizes.mjs'], advice: 'divide it by what it is about' },
  {
    name: 'unused',
    command: ['node_modules/knip/bin/knip.js', '--no-progress', '--no-config-hints'],
    advice: 'remove it, or take the export off what only its own file uses',
  },
]

const names = process.argv.slice(2)
const unknown = names.find((name) => !checks.some((check) => check.name === name))
if (unknown) {
  console.error(`there is no check "${unknown}"; there are ${checks.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

prepare([])
const chosen = checks.filter(({ name }) => names.length === 0 || names.includes(name))
const results = await Promise.all(chosen.map(run))
for (const { name, passed, output, advice } of results) {
  if (!passed) console.log(`\n== ${name}\n${output.trim()}${advice ? `\n(${advice})` : ''}`)
}
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1

/** Keeps the compiler's build information, so that a second run reads only what changed. */
function typeCheck(project, notes) {
  const keepNotes = ['--incremental', '--tsBuildInfoFile', `node_modules/.cache/forgelink/${notes}.tsbuildinfo`]
  return ['node_modules/typescript/bin/tsc', '-p', project, '--pretty', 'false', ...keepNotes]
}

async function run(check) {
  const started = performance.now()
  const { code, output } = await outputOf(check.command)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const passed = code === 0
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${check.name.padEnd(9)} ${seconds.padStart(5)} s`)
  return { ...check, passed, output }
}

function outputOf([program, ...args]) {
  return new Promise((answer) => {
    const child = spawn(process.execPath, [join(root, program), ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const chunks = []
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.stderr.on('data', (chunk) => chunks.push(chunk))
    child.on('error', (error) => answer({ code: 1, output: String(error) }))
    child.on('close', (code) => answer({ code, output: Buffer.concat(chunks).toString() }))
  })
}
