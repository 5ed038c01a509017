// Looks for secrets in whatever the service gives out, also where they are written otherwise.

/** The ways in which text is commonly written in logs, URLs, pages and files. */
function spellings(secret: string): string[] {
  const bytes = Buffer.from(secret)
  // Inside other text, base64 has one of three beginnings; what is shared with the neighbours is cut.
  const aligned = [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64')
    return text.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + bytes.length) * 8) / 6))
  })
  const url = aligned.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))
  const escaped = JSON.stringify(secret).slice(1, -1)
  const html = secret.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
  const form = new URLSearchParams([['', secret]]).toString().slice(1)
  const all = [secret, encodeURIComponent(secret), form, ...aligned, ...url, bytes.toString('hex'), escaped, html]
  return [...new Set(all)]
}

/** Which secrets stand in the text, as `name (spelling)`. */
export function secretsIn(text: string, secrets: Record<string, string>): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) =>
    spellings(secret)
      .filter((spelling) => text.includes(spelling))
      .map((spelling) => `${name} (${spelling})`),
  )
}
