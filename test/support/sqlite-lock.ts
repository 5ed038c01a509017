// Another process with SQLite's write lock, as the command line beside a server.

import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** Holds the write lock for so long, or until its end is asked for; resolves when it has it. */
export async function lockInAnotherProcess(
  file: string,
  ms: number,
): Promise<{ ended: Promise<unknown>; end(): void }> {
  const program = `
    const Libsql = (await import(${JSON.stringify(import.meta.resolve('libsql'))})).default
    const database = new Libsql(${JSON.stringify(file)})
    database.exec('begin immediate')
    process.stdout.write('locked')
    process.stdin.resume()
    const end = () => { database.exec('rollback'); process.exit(0) }
    process.stdin.on('end', end)
    setTimeout(end, ${ms})`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(child, 'close').then(([code]) => code)
  await once(child.stdout, 'data')
  return { ended, end: () => child.stdin.end() }
}
