// GitHub's search grammar: words, "phrases", NOT, OR and qualifiers.

export interface SearchQuery {
  /** Alternatives joined by OR; each is a list of terms that must all hold. */
  alternatives: Term[][]
  qualifiers: [name: string, value: string][]
  /** Characters of the query that are not part of a qualifier. */
  textLength: number
  operators: number
}

interface Term {
  text: string
  negated: boolean
}

const known = new Set('user org repo fork in is type state author archived topic language stars draft sort'.split(' '))

export function parseQuery(text: string): SearchQuery {
  const query: SearchQuery = { alternatives: [[]], qualifiers: [], textLength: 0, operators: 0 }
  let negated = false
  const plain: string[] = []
  for (const [piece] of text.matchAll(/-?[\w.]+:"[^"]*"|"[^"]*"|[^\s"]+/g)) {
    const qualifier = qualifierFrom(piece)
    if (qualifier !== undefined) {
      query.qualifiers.push(qualifier)
      continue
    }
    plain.push(piece)
    if (['AND', 'OR', 'NOT'].includes(piece)) {
      query.operators++
      if (piece === 'OR') query.alternatives.push([])
      negated = piece === 'NOT'
      continue
    }
    const word = piece.replaceAll('"', '').toLowerCase()
    if (word !== '') query.alternatives.at(-1)?.push({ text: word, negated })
    negated = false
  }
  query.textLength = plain.join(' ').length
  return query
}

function qualifierFrom(piece: string): [string, string] | undefined {
  const [, minus = '', name = '', value = ''] = /^(-?)(\w+):(.*)$/s.exec(piece) ?? []
  if (!known.has(name)) return undefined
  return [`${minus}${name}`, value.replaceAll('"', '')]
}

/** All values of the qualifiers with these names; comma lists are split. */
export function valuesOf(query: SearchQuery, ...names: string[]): string[] {
  const wanted = query.qualifiers.filter(([name]) => names.includes(name))
  return wanted.flatMap(([, value]) => value.split(',')).filter((value) => value !== '')
}

/** Whether the words occur in the texts; an OR alternative without any word does not count. */
export function matchesText(query: SearchQuery, texts: (string | null)[]): boolean {
  const alternatives = query.alternatives.filter((terms) => terms.length > 0)
  if (alternatives.length === 0) return true
  const folded = texts.map((text) => (text ?? '').toLowerCase())
  const holds = (term: Term) => folded.some((text) => text.includes(term.text)) !== term.negated
  return alternatives.some((terms) => terms.every(holds))
}
