// Asks for a password by a prompt or reads it from standard input: on the command line every user of the machine could see it.

import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** Longer than any password may be; the rest is not read. */
const MAX_BYTES = 4_096

/** Asks for it twice on a terminal, without showing it; else it is the first line of standard input. null: the two differ. */
export async function askPassword(): Promise<string | null> {
  if (!process.stdin.isTTY) return firstLineOf(process.stdin)
  const [once, twice] = [await prompt('New password: '), await prompt('Once more: ')]
  return once === twice ? once : null
}

async function firstLineOf(input: NodeJS.ReadStream): Promise<string> {
  let text = ''
  for await (const chunk of input.setEncoding('utf8')) {
    text += chunk
    if (text.length > MAX_BYTES || text.includes('\n')) break
  }
  return text.split(/\r?\n/, 1)[0] ?? ''
}

async function prompt(question: string): Promise<string> {
  // On a terminal, readline writes what is typed to its output.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  try {
    process.stderr.write(question)
    return await terminal.question('')
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}
