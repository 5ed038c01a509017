// What somebody may have meant who mistyped a word.

/** More letters than this are no slip: another word was meant. */
const MAX_SLIPS = 2

/** The known word that is most like this one; undefined when none is like it. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = known
    .map((each) => ({ each, slips: slipsBetween(word, each) }))
    .filter(({ each, slips }) => slips <= Math.min(MAX_SLIPS, Math.floor(each.length / 2)))
    .sort((one, other) => one.slips - other.slips)
  return best?.each
}

/** How many letters have to be put in, left out or replaced: https://en.wikipedia.org/wiki/Levenshtein_distance */
function slipsBetween(one: string, other: string): number {
  let row = [...other, ''].map((_letter, index) => index)
  for (const [line, letter] of [...one].entries()) {
    const next = [line + 1]
    for (const [column, wanted] of [...other].entries()) {
      const replaced = (row[column] ?? 0) + (letter === wanted ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
