// A part of the bench that runs in a process of its own: started with options, asked by messages, gone with its parent.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const bench = join(import.meta.dirname, '..')

/**
 * Starts `bench/FILE`, which calls `servePart`. `facts` is what it tells of itself; `ask` answers a question, or throws
 * what the part threw.
 */
export async function startPart(file, options = {}) {
  const child = fork(join(bench, file), [JSON.stringify(options)], { env: { ...process.env, NODE_ENV: 'production' } })
  const waiting = new Map()
  let asked = 0
  child.on('message', ({ id, reply, error }) => {
    const { resolve, reject } = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) resolve(reply)
    else reject(new Error(error))
  })
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended with ${code}`))
  })
  const receive = (id) => new Promise((resolve, reject) => waiting.set(id, { resolve, reject }))
  const facts = await receive('facts')
  return {
    facts,
    ask(question) {
      const id = asked++
      child.send({ id, question })
      return receive(id)
    },
    async stop() {
      if (child.exitCode !== null) return
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

/** `open` takes the options and gives `facts` and, when the part can be asked, `answer`. */
export async function servePart(open) {
  process.once('disconnect', () => process.exit())
  const { facts, answer } = await open(JSON.parse(process.argv[2]))
  process.on('message', async ({ id, question }) => {
    try {
      process.send({ id, reply: await answer(question) })
    } catch (error) {
      process.send({ id, error: String(error?.stack ?? error) })
    }
  })
  process.send({ id: 'facts', reply: facts })
}
