// The process: open, listen, close in order.

import { createApp } from './app.ts'
import { greetFirstUser } from './commands/first-start.ts'
import type { Config } from './config.ts'
import type { Log } from './services.ts'
import { openServices } from './services.ts'

/** What goes on all the time; anything else told to the log is a warning. */
const ROUTINE = ['scm_call', 'scm_token_renewed', 'scm_token_not_renewed', 'revocation_done', 'revocation_postponed']

/** Serves until SIGTERM or SIGINT. Throws when it cannot start, and has left nothing half started then. */
export async function serve(config: Config): Promise<void> {
  let log: Log = () => undefined
  const services = await openServices(config, { log: (event, fields) => log(event, fields) })
  try {
    const app = await createApp(services)
    log = (event, fields) => app.log[ROUTINE.includes(event) ? 'debug' : 'warn'](fields, event)
    // From here on a signal stops in order, also one that comes before the start is done.
    const signal = nextSignal()
    try {
      // By its name Fastify opens a second server for ::1, which no limit would hold for and no stop would wait for.
      await app.listen({ host: config.host === 'localhost' ? '127.0.0.1' : config.host, port: config.port })
      process.stdout.write(`Forgelink is at ${config.publicUrl}\n`)
      await greetFirstUser(services)
      app.log.info({ signal: await signal }, 'stopping')
    } finally {
      await app.close()
    }
  } finally {
    await services.close()
  }
}

function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => resolve(signal))
  })
}
