// Checks the import rule of .dependency-cruiser.cjs, and that every file was really looked at:
// with a TypeScript it does not know, dependency-cruiser passes while it has read nothing.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const folders = ['src', 'sandbox', 'dashboard'].filter((folder) => existsSync(join(root, folder)))

const files = folders.flatMap(typescriptFiles)
const { modules, summary } = cruise()
const problems = [...violations(), ...unread(), ...sidewaysGlobals()]

for (const problem of problems) console.log(problem)
console.log(`${files.length} files, ${modules.length} modules, ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1

function typescriptFiles(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return typescriptFiles(path)
    return /\.tsx?$/.test(path) ? [path] : []
  })
}

function cruise() {
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const args = [program, '--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders]
  const result = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 })
  try {
    return JSON.parse(result.stdout)
  } catch {
    console.error(`dependency-cruiser gave no answer:\n${result.stdout}${result.stderr}`)
    process.exit(1)
  }
}

function violations() {
  return summary.violations.map(({ from, to, cycle, rule }) => {
    const path = cycle ? cycle.map(({ name }) => name).join(' -> ') : to
    return `${from} -> ${path}\n    ${rule.name}: ${summary.ruleSetUsed.forbidden.find(({ name }) => name === rule.name).comment}`
  })
}

/** The linter knows `fetch` by its name alone, and not what is taken from the global object. */
function sidewaysGlobals() {
  const taken = /\b(globalThis|global)\b(?!\s*\??\.\s*(?!(fetch|WebSocket|EventSource|XMLHttpRequest)\b)[A-Za-z])/
  return files
    .filter((file) => file.startsWith('src/') && !file.endsWith('.test.ts'))
    .filter((file) => taken.test(readFileSync(join(root, file), 'utf8').replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '')))
    .map(
      (file) => `${file} takes from the global object what only platforms/transport/ may use, or hides what it takes`,
    )
}

/** Files that were not read, and files whose imports were not understood. */
function unread() {
  const bySource = new Map(modules.map((module) => [module.source, module]))
  if (files.length === 0) return ['there is nothing to check']
  return files.flatMap((file) => {
    const module = bySource.get(file)
    if (!module) return [`${file} was not read`]
    const imports = /^(import|export|\}) .*from '\.{1,2}\//m.test(readFileSync(join(root, file), 'utf8'))
    const local = module.dependencies.some(({ module: name }) => name.startsWith('.'))
    return imports && !local ? [`the imports of ${file} were not understood`] : []
  })
}
