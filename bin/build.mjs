// Loads what was built together with V8's code cache of it: to compile the same files each time takes a third of a start.
// Node.js 20 can do so for CommonJS only, which is why that is what is built.
// https://nodejs.org/docs/latest-v20.x/api/vm.html#scriptcreatecacheddata

import { mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { cachedDataVersionTag } from 'node:v8'
import { Script } from 'node:vm'

const PARAMETERS = ['exports', 'require', 'module', '__filename', '__dirname']

/** `load` gives what a file of the folder exports, and `writeCodeCache` keeps how all that was loaded was compiled. */
export function openBuild(folder) {
  // Of builds that are replaced while they run, `folder` is a link.
  const root = realpathSync(folder)
  const cache = join(root, 'code-cache', codeCacheName())
  const requireOthers = createRequire(join(root, 'x.cjs'))
  const scripts = new Map()
  const modules = new Map()

  function load(file) {
    const known = modules.get(file)
    if (known) return known.exports
    const module = { exports: {} }
    modules.set(file, module)
    try {
      run(file, module)
    } catch (error) {
      // Whoever asks again must not get what is there only in part.
      modules.delete(file)
      throw error
    }
    return module.exports
  }

  function run(file, module) {
    const folder = dirname(file)
    const require = (id) => (id.startsWith('.') ? load(resolve(folder, id)) : requireOthers(id))
    const script = compile(file)
    scripts.set(file, script)
    script.runInThisContext()(module.exports, Object.assign(require, requireOthers), module, file, folder)
  }

  function compile(file) {
    return new Script(`(function (${PARAMETERS}) {${readFileSync(file, 'utf8')}\n})`, {
      filename: file,
      cachedData: readIfThere(cacheOf(file)),
    })
  }

  function cacheOf(file) {
    return join(cache, `${relative(root, file).replaceAll(sep, '_')}.cache`)
  }

  return {
    load: (name) => load(join(root, name)),
    writeCodeCache() {
      mkdirSync(cache, { recursive: true })
      for (const [file, script] of scripts) writeFileSync(cacheOf(file), script.createCachedData())
    },
  }
}

/**
 * Only the same program with the same options of V8 gets the same name. V8 itself takes some caches of other versions for its own,
 * and crashes: https://github.com/nodejs/node/issues/62781
 */
export function codeCacheName() {
  const { size = 0, mtimeMs = 0 } = statSync(process.execPath, { throwIfNoEntry: false }) ?? {}
  return [process.version, process.arch, cachedDataVersionTag(), size, Math.trunc(mtimeMs)].join('-')
}

function readIfThere(path) {
  try {
    return readFileSync(path)
  } catch {
    return undefined
  }
}
