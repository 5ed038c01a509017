// Makes what runs of what the compiler wrote: few files instead of two thousand, which a start would open one by one and
// the process keep in memory.

import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))
const compiled = join(root, 'dist', 'compiled')
/** Where it goes: `node scripts/bundle.mjs FOLDER`. */
const [target] = process.argv.slice(2)
/**
 * Those that load binaries, which are made for each system; pg-native, which is only looked for; and the packages for
 * traces, which whoever wants some installs.
 */
const EXTERNAL = [
  ...['libsql', '@node-rs/argon2', 'pg-native'],
  ...Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).peerDependencies),
]

/** What others start or import by its path: the command, the threads, and the sandbox. */
const ENTRIES = [
  'src/cli',
  'src/database/sqlite-worker',
  'src/platforms/transport/body/json-worker',
  'sandbox/command',
  'sandbox/sandbox',
]

/** What we use of undici's index, which loads WebSockets, caches and mocks too: 9 MB, and a tenth of a start. */
const UNDICI = `
Object.assign(require('./lib/dispatcher/dispatcher').prototype, require('./lib/api'))
exports.Agent = require('./lib/dispatcher/agent')
exports.Pool = require('./lib/dispatcher/pool')
exports.ProxyAgent = require('./lib/dispatcher/proxy-agent')
`

const bundle = await rolldown({
  platform: 'node',
  input: Object.fromEntries(ENTRIES.map((entry) => [entry, join(compiled, `${entry}.js`)])),
  external: EXTERNAL,
  plugins: [
    { name: 'own-places', transform: { filter: { code: 'import.meta.url' }, handler: keepPlace } },
    { name: 'less-undici', transform: { filter: { id: /[\\/]undici[\\/]index\.js$/ }, handler: () => UNDICI } },
  ],
})
await bundle.write({
  dir: target,
  format: 'cjs', // see bin/build.mjs
  strict: true, // as the ECMAScript modules are that it is made of
  dynamicImportInCjs: false, // `import()` of a script is experimental, and Node.js would say so
  entryFileNames: '[name].cjs',
  chunkFileNames: 'chunks/[name].cjs',
  minify: { compress: false, mangle: false, codegen: true },
  codeSplitting: { groups: [{ debugName: 'packages', name: packageOf }] },
})
await bundle.close()

/** Names the file that a module goes into; null for one of ours. */
function packageOf(path) {
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path.replaceAll('\\', '/')) ?? []
  return name?.replace('/', '-') ?? null
}

/** A file of ours finds others by its own place, and is now part of a chunk in another folder. */
function keepPlace(code, path) {
  if (!path.startsWith(compiled)) return undefined
  const place = `../${relative(compiled, path).replaceAll('\\', '/')}`
  return code
    .replaceAll(/(new URL\('\.\/[\w-]+)\.js'/g, "$1.cjs'")
    .replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url).href`)
}
