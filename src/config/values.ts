// Reads values of settings that are not addresses. Each `parse` throws the rest of a sentence "NAME …".

/** The given value in quotes, without the parts of an address that may contain a password or token. */
export function shown(text: string): string {
  return `"${text.replace(/^.*@/s, '…@').replace(/[?#].*$/s, '…')}"`
}

export function parseList<T>(parse: (text: string) => T): (text: string) => T[] {
  return (text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
      .map(parse)
}

export function parseNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (!(number >= min && number <= max))
      throw new Error(`must be a whole number from ${min} to ${max}, not ${shown(text)}`)
    return number
  }
}

export function parseBoolean(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new Error(`must be true or false, not ${shown(text)}`)
  return text === 'true'
}

export function parseOneOf<T extends string>(choices: readonly T[]): (text: string) => T {
  return (text) => {
    const choice = choices.find((name) => name === text)
    if (!choice) throw new Error(`must be one of ${choices.join(', ')}, not ${shown(text)}`)
    return choice
  }
}
