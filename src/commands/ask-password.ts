// Asks for a password by a prompt, or reads it from standard input: other users of the machine can see command lines.

import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** More than any password may have; the rest is not read. */
const MAX_BYTES = 4_096

/**
 * On a terminal, asks twice without showing it; otherwise reads the first line of standard input. null: the two differ.
 */
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
  // On a terminal, readline writes what is typed to its output, which here goes nowhere.
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
