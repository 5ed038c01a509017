// Who may import whom: imports run downwards only. `scripts/check-imports.mjs` reads this; a new file or folder
// directly under src/ gets its place in `layers`.

/** Highest first. A name stands for `src/name.ts` and all of `src/name/`; it may import itself and what is in lower lines. */
const layers = [
  ['cli'],
  ['serve'],
  ['commands'],
  ['app'],
  ['services'],
  ['integrations'],
  ['ssh-keys'],
  ['accounts'],
  ['audit'],
  ['secrets'],
  ['database'],
  ['read-config'],
  ['platforms', 'http'],
  ['metrics'],
  ['client-network', 'config', 'failure', 'log-events', 'public-path', 'schemas', 'sealed', 'text', 'time'],
]

/** Folders that hold all of one noun. */
const slices = ['accounts', 'audit', 'integrations', 'ssh-keys']

const tests = '\\.test\\.ts$'

function anyOf(names) {
  return `^src/(${names.join('|')})(/|\\.ts$)`
}

const downwards = layers.flatMap((layer, index) =>
  layer.map((name) => ({
    name: `${name}-imports-downwards-only`,
    comment: 'it may import itself and the lower layers in .dependency-cruiser.cjs',
    severity: 'error',
    from: { path: anyOf([name]), pathNot: tests },
    to: { path: '^src/', pathNot: anyOf([name, ...layers.slice(index + 1).flat()]) },
  })),
)

module.exports = {
  forbidden: [
    ...downwards,
    {
      name: 'every-file-has-a-layer',
      comment: 'name it in `layers` of .dependency-cruiser.cjs',
      severity: 'error',
      from: { path: '^src/', pathNot: [anyOf(layers.flat()), tests] },
      to: {},
    },
    {
      name: 'http-is-for-routes',
      comment: 'of a slice only its routes know http; what else needs it goes to a file directly under src/',
      severity: 'error',
      from: { path: anyOf(slices), pathNot: ['(^|[/-])routes\\.ts$', tests] },
      to: { path: '^src/http/' },
    },
    {
      name: 'github-knows-no-gitlab',
      comment: 'the adapters share through platforms/, never with each other',
      severity: 'error',
      from: { path: '^src/platforms/github/' },
      to: { path: '^src/platforms/gitlab/' },
    },
    {
      name: 'gitlab-knows-no-github',
      comment: 'the adapters share through platforms/, never with each other',
      severity: 'error',
      from: { path: '^src/platforms/gitlab/' },
      to: { path: '^src/platforms/github/' },
    },
    {
      name: 'service-without-sandbox',
      comment: 'production code runs without the simulator',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/cli\\.ts$', tests] },
      to: { path: '^sandbox/' },
    },
    {
      name: 'sandbox-only-on-demand',
      comment: 'cli.ts loads the simulator by import() when its subcommand asks for it',
      severity: 'error',
      from: { path: '^src/cli\\.ts$' },
      to: { path: '^sandbox/', dynamic: false },
    },
    {
      name: 'sandbox-without-service',
      comment: 'a simulator that shares code with what it tests shares its mistakes',
      severity: 'error',
      from: { path: '^sandbox/', pathNot: tests },
      to: { path: '^src/' },
    },
    {
      name: 'dashboard-takes-types-only',
      comment: 'the dashboard is a client of the API: of the service it knows the shapes, and runs nothing',
      severity: 'error',
      from: { path: '^dashboard/' },
      to: { path: '^(src|sandbox|test)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nobody-imports-the-dashboard',
      comment: 'it is built apart, and served as files',
      severity: 'error',
      from: { path: '^(src|sandbox)/' },
      to: { path: '^dashboard/' },
    },
    {
      name: 'nobody-imports-tests',
      comment: 'what several need is no test',
      severity: 'error',
      from: { path: '^(src|sandbox)/', pathNot: tests },
      to: { path: ['^(test|bench)/', tests] },
    },
    {
      name: 'requests-by-transport-only',
      comment:
        'only platforms/transport/ speaks to the outside: its address policy keeps requests away from private networks',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/platforms/transport/connect/dispatchers\\.ts$', tests] },
      // The type of a Dispatcher that a test may give sends nothing.
      to: { path: '(^|/)node_modules/undici/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'connections-by-transport-only',
      comment: 'only platforms/transport/ opens connections and looks up names: it asks the address policy',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/platforms/transport/', tests] },
      to: { path: '^(node:)?(net|tls|dgram|dns|dns/promises|http|https|http2)$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-circles',
      comment: 'one of them holds what belongs in a third',
      severity: 'error',
      from: { path: '^(src|sandbox|dashboard)/' },
      to: { circular: true },
    },
    {
      name: 'resolvable',
      comment: 'there is no such file',
      severity: 'error',
      from: {},
      // Packages are tsc's and knip's to judge: some hold types only, which is no module to find.
      to: { couldNotResolve: true, path: '^\\.' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
