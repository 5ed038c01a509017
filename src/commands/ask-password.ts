// A password that is not on the command line, where every user of the machine can read it: from a prompt or standard input.

import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'

/** More than any password may have; what comes after it is not read. */
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
  // Of a terminal, readline echoes to its output what is typed.
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
