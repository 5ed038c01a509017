// Checks that no identifier and no file uses a name that we gave up, so that each thing has one name, the usual one in
// this field. Comments, strings and names in snake_case (which are the API's) are not checked.

import { basename } from 'node:path'
import ts from 'typescript'
import { sourcesIn, textOf } from './sources.mjs'

/**
 * `words`: a part of a name, as words ("link gate" is in `createLinkGate` and in `link-gate`), also in the plural.
 * `whole`: only when it is the whole name. `in`: only below this folder. `of`: only for names of files.
 * `except`: names that a library has chosen.
 */
const givenUp = [
  { words: ['door', 'wire'], say: 'transport, HttpRequest, HttpResponse; of shapes: UserSchema, userJson' },
  { words: ['outgoing'], say: 'transport', except: ['OutgoingHttpHeaders'] },
  { words: ['stranger'], say: 'anonymous' },
  { words: ['under way', 'see through'], say: 'background, waitUntil' },
  { words: ['keep storing'], say: 'retryStore' },
  { words: ['begin stopping', 'work ended'], say: 'startDraining, drained' },
  { words: ['refreshed', 'spendable'], say: 'ensureFresh, withFreshToken, openRefreshToken' },
  {
    words: ['renew', 'renewal', 'renewed', 'renewing'],
    in: 'src/integrations/',
    say: 'exchangeRefreshToken, ensureFresh (`renew` is for API tokens)',
  },
  { words: ['usable'], in: 'src/integrations/', say: 'withFreshToken, openRefreshToken, or what it is good for' },
  { words: ['on trial'], say: 'fetchProfile' },
  { words: ['same account'], say: 'verifyAccount' },
  {
    words: ['refusal', 'refuse', 'refused', 'refusing'],
    say: 'PolicyViolation, LinkError, forbidden, accessDenied, rejected',
  },
  { words: ['place'], whole: true, say: 'Endpoint, SecretContext, subject, position' },
  { words: ['manners'], say: 'configurePages' },
  { words: ['closing'], say: 'shutdown', except: ['return503OnClosing'] },
  { words: ['unrouted'], say: 'notFound' },
  { words: ['is same text'], say: 'equalInConstantTime' },
  { words: ['attempts'], of: 'files', say: 'login-throttle' },
  { words: ['web root', 'api root'], say: 'webUrl, apiUrl' },
  { prefix: /^(MOST|LONGEST|LARGEST)(_|$)/, say: 'MAX_…' },
]
/** Most names come again and again. */
const rulesByName = new Map()

const paths = sourcesIn('src', 'sandbox', 'dashboard', 'test', 'bench')
const problems = paths.flatMap((path) => [...fileProblems(path), ...identifierProblems(path)])
for (const problem of problems) console.log(problem)
process.exitCode = problems.length === 0 ? 0 : 1

function fileProblems(path) {
  const name = basename(path).replace(/\..*$/, '')
  const rule = rulesFor(name).find(({ in: folder = '' }) => path.startsWith(folder))
  return rule ? [`${path}: ${name} -> ${rule.say}`] : []
}

function identifierProblems(path) {
  const text = textOf(path)
  const ruleOf = (name) => rulesFor(name).find((rule) => path.startsWith(rule.in ?? '') && rule.of !== 'files')
  // Parsing takes most of the time, and few files have such a word at all.
  if (!(text.match(/[$A-Za-z_][$\w]*/g) ?? []).some(ruleOf)) return []
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest)
  const found = new Map()
  const visit = (node) => {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) {
      const rule = ruleOf(node.text.replace('#', ''))
      if (rule && !found.has(node.text)) found.set(node.text, `${lineOf(source, node)}: ${node.text} -> ${rule.say}`)
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return [...found.values()].map((problem) => `${path}:${problem}`)
}

function lineOf(source, node) {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1
}

function rulesFor(name) {
  const known = rulesByName.get(name)
  if (known) return known
  const rules = givenUp.filter((rule) => speaksOf(rule, name))
  rulesByName.set(name, rules)
  return rules
}

function speaksOf({ words, prefix, whole = false, except = [] }, name) {
  if (prefix) return prefix.test(name)
  if (/^[a-z\d]+(_[a-z\d]+)+$/.test(name) || except.includes(name)) return false
  const spaced = ` ${wordsOf(name).join(' ')} `
  const forms = words.flatMap((word) => [` ${word} `, ` ${word}s `])
  return forms.some((form) => (whole ? spaced === form : spaced.includes(form)))
}

/** `createLinkGate`, `link-gate`, `LINK_GATE` -> create, link, gate */
function wordsOf(name) {
  const parts = name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+/g) ?? []
  return parts.map((part) => part.toLowerCase())
}
