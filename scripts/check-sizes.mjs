// Checks that files, folders and functions of src stay small enough to read at once; tests are not counted.

import { dirname } from 'node:path'
import ts from 'typescript'
import { sourcesIn, textOf } from './sources.mjs'

const MAX_FILE_LINES = 300
const MAX_FOLDER_FILES = 15
/** Lines of the function itself: functions inside it are counted separately, with the same limit. */
const MAX_FUNCTION_LINES = 60

/** What may be larger, by `path` or `path function`, and why. */
const exceptions = {
  'src/integrations/routes.ts integrationRoutes': 'A list of routes, each with its schema: read one by one.',
  'src/database/migrations/001-start.ts up':
    'The first tables, one after the other; a migration is not changed any more.',
}

const files = sourcesIn('src').filter((path) => !/\.test\.ts$/.test(path))
const found = [...files.flatMap(longFile), ...fullFolders(), ...files.flatMap(longFunctions)]
const problems = found.filter(({ name }) => !Object.hasOwn(exceptions, name)).map(({ problem }) => problem)
const needless = Object.keys(exceptions).filter((name) => !found.some((each) => each.name === name))
for (const name of needless) problems.push(`${name} needs no exception any more`)
for (const problem of problems) console.log(problem)
process.exitCode = problems.length === 0 ? 0 : 1

function longFile(path) {
  const lines = textOf(path).trimEnd().split('\n').length
  if (lines <= MAX_FILE_LINES) return []
  return [{ name: path, problem: `${path} has ${lines} lines, more than ${MAX_FILE_LINES}` }]
}

function fullFolders() {
  const counts = new Map()
  for (const path of files) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1)
  const full = [...counts].filter(([, count]) => count > MAX_FOLDER_FILES)
  return full.map(([name, count]) => ({ name, problem: `${name}/ has ${count} files, more than ${MAX_FOLDER_FILES}` }))
}

function longFunctions(path) {
  const source = ts.createSourceFile(path, textOf(path), ts.ScriptTarget.Latest)
  const found = []
  /** Returns how many lines of `node` belong to functions that were already counted. */
  const visit = (node) => {
    let inner = 0
    ts.forEachChild(node, (child) => {
      inner += visit(child)
    })
    if (!ts.isFunctionLike(node) || !node.body) return inner
    const [first, last] = [node.getStart(source), node.end].map((at) => source.getLineAndCharacterOfPosition(at).line)
    // A function within one line, such as that of a map(), is a part of that line.
    const lines = last - first
    const own = lines + 1 - inner
    if (own > MAX_FUNCTION_LINES) {
      const name = `${path} ${node.name?.getText(source) ?? `in line ${first + 1}`}`
      found.push({ name, problem: `${name}: ${own} lines of its own, more than ${MAX_FUNCTION_LINES}` })
    }
    return lines
  }
  visit(source)
  return found
}
