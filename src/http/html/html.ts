// HTML as tagged templates: every inserted value is escaped, unless it is such a template itself.

export interface Html {
  readonly markup: string
}

type Value = Html | Html[] | string | number | null

export function html(parts: TemplateStringsArray, ...values: Value[]): Html {
  const markup = parts.reduce((text, part, index) => text + asMarkup(values[index - 1] ?? null) + part)
  return { markup }
}

function asMarkup(value: Value): string {
  if (value === null) return ''
  if (Array.isArray(value)) return value.map(asMarkup).join('')
  return typeof value === 'object' ? value.markup : escapeHtml(String(value))
}

/** For text and for attributes in quotation marks. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
