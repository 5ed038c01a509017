// The main thread's side of the writer thread: requests are answered in order, or fail when the thread has ended.

import { Worker } from 'node:worker_threads'
import type { Result } from './sqlite-connection.js'
import { errorWithCode } from './store-failure.ts'

/** One connection to the file, in this or another thread. */
export interface StatementRunner {
  run(sql: string, parameters?: readonly unknown[]): Result | Promise<Result>
}

export interface SqliteWriter extends StatementRunner {
  hasEnded(): boolean
  /** Closes after all earlier requests. */
  close(): Promise<void>
}

type Told = { id: number; result: Result } | { id: number; error: { code: string; message: string } }

interface Waiting {
  resolve(result: Result): void
  reject(error: Error): void
}

/** Rejects with the driver's error when the file cannot be opened. */
export async function startSqliteWriter(settings: {
  file: string
  pragmas: string[]
  busyTimeoutMs: number
}): Promise<SqliteWriter> {
  const worker = new Worker(new URL('./sqlite-worker.js', import.meta.url), {
    name: 'sqlite-writer',
    workerData: settings,
    // The thread needs no environment, and must not have its secrets.
    env: {},
    execArgv: [],
  })
  const waiting = new Map<number, Waiting>()
  let lastId = 0
  let hasEnded = false

  worker.on('message', (told: Told) => {
    const asker = waiting.get(told.id)
    waiting.delete(told.id)
    if (waiting.size === 0) worker.unref()
    if ('result' in told) asker?.resolve(told.result)
    else asker?.reject(errorWithCode(told.error.code, told.error.message))
  })
  worker.on('error', end)
  const exited = new Promise<void>((resolve) => {
    worker.on('exit', () => {
      end()
      resolve()
    })
  })

  function end(): void {
    hasEnded = true
    for (const { reject } of waiting.values()) reject(ended())
    waiting.clear()
  }

  function answerTo(id: number): Promise<Result> {
    // Keeps the process alive until the answer to what it has written arrives.
    worker.ref()
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject })
    })
  }

  await answerTo(0)
  return {
    hasEnded: () => hasEnded,
    async run(sql, parameters = []) {
      if (hasEnded) throw ended()
      lastId += 1
      const answer = answerTo(lastId)
      worker.postMessage({ id: lastId, sql, parameters })
      return answer
    },
    async close() {
      if (hasEnded) return
      worker.ref()
      worker.postMessage('close')
      await exited
    },
  }
}

function ended(): Error {
  return errorWithCode('SQLITE_IOERR_THREAD', 'the thread that writes has ended')
}
