// Checks the import rules of .dependency-cruiser.cjs, and that the tables in docs/architecture.md match them.
// `node scripts/check-imports.mjs --write` writes those tables.

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folders = ['src', 'sandbox', 'dashboard']
const page = join(root, 'docs/architecture.md')
const { layers, walls } = createRequire(import.meta.url)('../.dependency-cruiser.cjs').documented

if (process.argv.includes('--write')) {
  writeFileSync(page, withTables(readFileSync(page, 'utf8')))
} else {
  const files = folders.flatMap(sourceFiles)
  const { modules, summary } = cruise()
  const problems = [...violations(summary), ...unread(files, modules), ...outdatedTables()]
  for (const problem of problems) console.log(problem)
  console.log(`${files.length} files, ${modules.length} modules, ${problems.length} problems`)
  process.exitCode = problems.length === 0 ? 0 : 1
}

function sourceFiles(folder) {
  const paths = readdirSync(join(root, folder), { recursive: true }).map((path) => `${folder}/${path}`)
  return paths.filter((path) => /\.tsx?$/.test(path))
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

function violations({ violations, ruleSetUsed }) {
  return violations.map(({ from, to, cycle, rule }) => {
    const path = cycle ? cycle.map(({ name }) => name).join(' -> ') : to
    return `${from} -> ${path}\n    ${rule.name}: ${ruleSetUsed.forbidden.find(({ name }) => name === rule.name).comment}`
  })
}

/** With a TypeScript version that it does not know, dependency-cruiser passes without having read anything. */
function unread(files, modules) {
  const bySource = new Map(modules.map((module) => [module.source, module]))
  return files.flatMap((file) => {
    const module = bySource.get(file)
    if (!module) return [`${file} was not read`]
    const imports = /^(import|export|\}) .*from '\.{1,2}\//m.test(readFileSync(join(root, file), 'utf8'))
    const local = module.dependencies.some(({ module: name }) => name.startsWith('.'))
    return imports && !local ? [`the imports of ${file} were not understood`] : []
  })
}

function outdatedTables() {
  const text = readFileSync(page, 'utf8')
  if (withTables(text) === text) return []
  return ['docs/architecture.md has other import rules: node scripts/check-imports.mjs --write']
}

function withTables(text) {
  const tables = `${layerTable()}\n\n${walls.map(({ comment }) => `- ${comment}`).join('\n')}`
  const [start, end] = ['<!-- made by scripts/check-imports.mjs -->', '<!-- until here -->']
  const [before, rest] = text.split(start)
  const after = rest?.split(end)[1]
  if (after === undefined) throw new Error(`docs/architecture.md lacks the lines ${start} and ${end}`)
  return `${before}${start}\n${tables}\n${end}${after}`
}

function layerTable() {
  const code = (names) => names.map((name) => `\`${name}\``).join(', ')
  const rows = layers.map(({ names, holds }, index) => {
    const below = layers[index + 1]
    const mayImport = !below
      ? 'nothing of ours'
      : index === layers.length - 2
        ? code(below.names)
        : `${code(below.names)} and below`
    return `| ${code(names)} | ${holds} | ${mayImport} |`
  })
  return ['| layer | holds | may import |', '| --- | --- | --- |', ...rows].join('\n')
}
