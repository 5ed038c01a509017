// The process: open, listen, close in order.

import { createApp } from './app.ts'
import { greetFirstUser } from './commands/first-start.ts'
import type { Config } from './config.ts'
import { LOG_EVENTS, type Log } from './log-events.ts'
import { openServices } from './services.ts'

/** Serves until SIGTERM or SIGINT. Throws when it cannot start, and has left nothing half started then. */
export async function serve(config: Config): Promise<void> {
  let log: Log = () => undefined
  const services = await openServices(config, { log: (...entry) => log(...entry) })
  try {
    const app = await createApp(services, config)
    log = (event, fields) => app.log[LOG_EVENTS[event].level](fields, event)
    // From here on a signal stops in order, also one that comes before the start is done.
    const signal = nextSignal()
    try {
      // By its name Fastify opens a second server for ::1, which no limit would hold for and no stop would wait for.
      await app.listen({ host: config.host === 'localhost' ? '127.0.0.1' : config.host, port: config.port })
      process.stdout.write(`Forgelink is at ${config.publicUrl}\n`)
      await greetFirstUser(services, config.dataDir)
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
