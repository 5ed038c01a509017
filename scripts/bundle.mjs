// Makes what runs of what the compiler wrote: our files stay as they are, and each dependency becomes one file. Else a
// start opens two thousand files, and the process keeps tens of megabytes more.

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))
const compiled = join(root, 'dist', 'compiled')
/** Where it goes: `node scripts/bundle.mjs FOLDER`. */
const [target] = process.argv.slice(2)
/** They load binaries that are made for each system; pg-native is only looked for. */
const EXTERNAL = ['libsql', '@node-rs/argon2', 'pg-native']

// The compiler leaves what it wrote of files that are gone since.
const files = readdirSync(compiled, { recursive: true }).filter(
  (file) => file.endsWith('.js') && [file, file.replace(/js$/, 'ts')].some((source) => existsSync(join(root, source))),
)
const bundle = await rolldown({
  platform: 'node',
  // Every file of ours is an entry: threads are started and files found by paths beside them.
  input: Object.fromEntries(files.map((file) => [file.slice(0, -'.js'.length), join(compiled, file)])),
  external: EXTERNAL,
})
await bundle.write({
  dir: target,
  entryFileNames: '[name].js',
  chunkFileNames: 'vendor/[name]-[hash].js',
  minify: { compress: false, mangle: false, codegen: true },
  codeSplitting: { groups: [{ debugName: 'packages', name: packageOf }] },
})
await bundle.close()

/** Names the file that a module goes into; null for one of ours. */
function packageOf(path) {
  const [, name] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path.replaceAll('\\', '/')) ?? []
  return name?.replace('/', '-') ?? null
}
