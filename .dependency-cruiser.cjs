// Who may import whom: the one place that says it. `npm run check -- imports` holds it, and the tables of
// docs/architecture.md are made from `layers` and from the comments of the rules: `node scripts/check-imports.mjs --write`.

/**
 * Highest first. A layer may import itself and all layers below it, never one above or beside it. Each name stands for
 * `src/name.ts` and all of `src/name/`; a new file or folder directly under src/ gets its place here.
 */
const layers = [
  { names: ['cli'], holds: 'The `forgelink` command: the table of its subcommands, which parser and help go by.' },
  { names: ['serve'], holds: 'The process of the server: open, listen, close in order.' },
  { names: ['commands'], holds: 'The other subcommands; `doctor/` has a file for each thing it checks.' },
  { names: ['app'], holds: 'Every route plugin by name.' },
  { names: ['services'], holds: 'What is opened once, including all state, and which part of it each slice gets.' },
  {
    names: ['administration'],
    holds: 'What administrators see and do over all accounts: the only lists without an owner.',
  },
  { names: ['scim'], holds: 'SCIM 2.0: an identity provider makes, changes and deactivates users.' },
  { names: ['link-sessions'], holds: 'Linking in a browser for users who never sign in here.' },
  { names: ['integrations'], holds: 'Links to platforms: linking, tokens, searches, importing keys.' },
  { names: ['invitations'], holds: 'Links for one use, by which people set their password.' },
  { names: ['ssh-keys'], holds: 'SSH keys, and how a public key is read.' },
  { names: ['accounts'], holds: 'Users, passwords, sessions, API tokens, and who a request is from.' },
  { names: ['audit'], holds: 'The audit trail: what each event tells, recording, listing and removing events.' },
  { names: ['secrets'], holds: 'Sealing and opening secrets, their keys, and key rotation.' },
  { names: ['database'], holds: 'SQLite or PostgreSQL behind one Kysely, the tables and the migrations.' },
  { names: ['read-config'], holds: 'The settings, using what vendors know about their own platforms.' },
  {
    names: ['platforms', 'http'],
    holds:
      '`platforms`: calls to GitHub and GitLab, behind the `Platform` interface. `http`: bodies, failures, pages, limits, the API description.',
  },
  { names: ['schemas'], holds: 'The pieces of JSON schemas that several slices are made of.' },
  { names: ['mail'], holds: 'Mail, through the operator’s SMTP server.' },
  { names: ['traces'], holds: 'Spans for a collector of the operator, by OpenTelemetry.' },
  { names: ['metrics'], holds: 'What is counted and measured for operators.' },
  {
    names: ['client-network', 'config', 'failure', 'log-events', 'public-path', 'sealed', 'text', 'time'],
    holds:
      'Settings, the one error type, log events, pieces of schemas, and small functions that know nothing else of ours.',
  },
]

const tests = '\\.test\\.ts$'
/** A file of a vendor's folder; `$1` is the vendor. */
const VENDORS = '^src/platforms/(?!transport/)([^/]+)/'
const TRANSPORT = '^src/platforms/transport/'

function anyOf(names) {
  return `^src/(${names.join('|')})(/|\\.ts$)`
}

const downwards = layers.flatMap(({ names }, index) =>
  names.map((name) => ({
    name: `${name}-imports-downwards-only`,
    comment: 'it may import itself and the lower layers of .dependency-cruiser.cjs',
    severity: 'error',
    from: { path: anyOf([name]), pathNot: tests },
    to: { path: '^src/', pathNot: anyOf([name, ...layers.slice(index + 1).flatMap((layer) => layer.names)]) },
  })),
)

const everyFileHasALayer = {
  name: 'every-file-has-a-layer',
  comment: 'name it in `layers` of .dependency-cruiser.cjs',
  severity: 'error',
  from: { path: '^src/', pathNot: [anyOf(layers.flatMap(({ names }) => names)), tests] },
  to: {},
}

/** What the order of the layers cannot say. Each comment is a row of docs/architecture.md: the reason, then the rule. */
const walls = [
  {
    name: 'vendors-apart',
    comment: 'What two vendors share belongs to neither of them, so no vendor’s folder imports another’s.',
    from: { path: VENDORS },
    to: { path: '^src/platforms/[^/]+/', pathNot: ['^src/platforms/transport/', '^src/platforms/$1/'] },
  },
  {
    name: 'vendors-by-name-once',
    comment: 'A platform is added in one place: only `platforms/vendors.ts` imports the folders of the vendors.',
    from: {
      path: '^src/',
      pathNot: ['^src/platforms/vendors\\.ts$', VENDORS, tests],
    },
    to: { path: VENDORS },
  },
  {
    name: 'slices-know-http-in-routes',
    comment: 'A slice’s functions can be called without a request, so only its routes and pages import `http`.',
    from: {
      path: anyOf([
        'audit',
        'accounts',
        'ssh-keys',
        'integrations',
        'administration',
        'scim',
        'link-sessions',
        'invitations',
      ]),
      pathNot: ['(^|[/-])(routes|pages)\\.ts$', tests],
    },
    to: { path: '^src/http/' },
  },
  {
    name: 'one-http-client',
    comment:
      'The address policy keeps requests away from private networks, so nothing may send a request without it: only `platforms/transport/connect/dispatchers.ts` imports undici.',
    from: { path: '^src/', pathNot: ['^src/platforms/transport/connect/dispatchers\\.ts$', tests] },
    // The type of a Dispatcher that a test may give sends nothing.
    to: { path: '(^|/)node_modules/undici/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'connections-in-transport',
    comment:
      'For the same reason only `platforms/transport/` opens connections and looks up names; types of Node’s network modules may be imported anywhere.',
    from: { path: '^src/', pathNot: [TRANSPORT, tests] },
    to: { path: '^(node:)?(net|tls|dgram|dns|dns/promises)$', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'no-client-of-node',
    comment: 'Node’s own HTTP clients would bypass the address policy, so nothing imports them.',
    from: { path: '^src/', pathNot: tests },
    to: { path: '^(node:)?(http|https|http2|module)$', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'one-exporter',
    comment:
      'OpenTelemetry sends requests of its own, to the collector that the operator names and to nobody else: only `traces.ts` loads it, which decides what leaves.',
    from: { path: '^src/', pathNot: ['^src/traces\\.ts$', tests] },
    to: { path: '(^|/)node_modules/@(opentelemetry|fastify/otel)/' },
  },
  {
    name: 'exporter-on-demand',
    comment: 'It is not installed with Forgelink, so `traces.ts` loads it by `import()` when traces are on.',
    from: { path: '^src/traces\\.ts$' },
    to: {
      path: '(^|/)node_modules/@(opentelemetry|fastify/otel)/',
      dynamic: false,
      dependencyTypesNot: ['type-only'],
    },
  },
  {
    name: 'one-mailer',
    comment:
      'nodemailer opens connections of its own, to the mail server that the operator names and to nobody else: only `mail/mailer.ts` loads it.',
    from: { path: '^src/', pathNot: ['^src/mail/mailer\\.ts$', tests] },
    to: { path: '(^|/)node_modules/nodemailer/' },
  },
  {
    name: 'mailer-on-demand',
    comment: 'Most servers send no mail, so `mail/mailer.ts` loads it by `import()` with the first one.',
    from: { path: '^src/mail/mailer\\.ts$' },
    to: { path: '(^|/)node_modules/nodemailer/', dynamic: false, dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'service-without-sandbox',
    comment: 'The service runs where there is no simulator: only `cli/commands.ts` loads the sandbox.',
    from: { path: '^src/', pathNot: ['^src/cli/commands\\.ts$', tests] },
    to: { path: '^sandbox/' },
  },
  {
    name: 'sandbox-on-demand',
    comment: '`cli/commands.ts` loads the sandbox by `import()`, when its subcommand asks for it.',
    from: { path: '^src/cli/commands\\.ts$' },
    to: { path: '^sandbox/', dynamic: false },
  },
  {
    name: 'sandbox-without-service',
    comment:
      'A simulator that shared code with the service would share its mistakes: the sandbox imports nothing of `src`.',
    from: { path: '^sandbox/', pathNot: tests },
    to: { path: '^src/' },
  },
  {
    name: 'dashboard-takes-types-only',
    comment: 'The dashboard is a client of the API: of the service it imports types and nothing that runs.',
    from: { path: '^dashboard/' },
    to: { path: '^(src|sandbox|test)/', dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'nobody-imports-the-dashboard',
    comment: 'The dashboard is built separately and served as files, so nothing imports it.',
    from: { path: '^(src|sandbox)/' },
    to: { path: '^dashboard/' },
  },
  {
    name: 'nobody-imports-tests',
    comment: 'Tests are not part of what is built: neither `src` nor `sandbox` imports them.',
    from: { path: '^(src|sandbox)/', pathNot: tests },
    to: { path: ['^(test|bench)/', tests] },
  },
  {
    name: 'no-circles',
    comment: 'Two files that import each other can only be understood together, so what both need is in a third file.',
    from: { path: '^(src|sandbox|dashboard)/' },
    to: { circular: true },
  },
].map((wall) => ({ severity: 'error', ...wall }))

const resolvable = {
  name: 'resolvable',
  comment: 'there is no such file',
  severity: 'error',
  from: {},
  // Packages are tsc's and knip's to judge: some hold types only, which is no module to find.
  to: { couldNotResolve: true, path: '^\\.' },
}

module.exports = {
  forbidden: [...downwards, everyFileHasALayer, ...walls, resolvable],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}

// For the tables of docs/architecture.md. Not enumerable: dependency-cruiser refuses members that it does not know.
Object.defineProperty(module.exports, 'documented', { value: { layers, walls } })
