// The process: opens traces and services, listens, and closes in order.

import { createApp } from './app.ts'
import { greetFirstUser } from './commands/first-start.ts'
import type { Config } from './config.ts'
import type { App } from './http/server.ts'
import { LOG_EVENTS, type Log } from './log-events.ts'
import { openServices, type Services } from './services.ts'
import { openTraces } from './traces.ts'

/**
 * Serves until SIGTERM or SIGINT; if npm has started it, also until npm's shell is gone. Throws when it cannot start, and has
 * then closed everything again.
 */
export async function serve(config: Config, { startedByNpm }: { startedByNpm: boolean }): Promise<void> {
  let log: Log = () => undefined
  const traces = config.traces === 'otlp' ? await openTraces((...entry) => log(...entry)) : undefined
  try {
    const services = await openServices(config, {
      log(...entry) {
        traces?.log(...entry)
        log(...entry)
      },
      ran: traces?.ran,
    })
    try {
      const app = await createApp(services, config, { traces, settings: config })
      log = (event, fields) => app.log[LOG_EVENTS[event].level](fields, event)
      await listenUntilSignal(app, services, config, startedByNpm)
    } finally {
      await services.close()
    }
  } finally {
    await traces?.close()
  }
}

async function listenUntilSignal(app: App, services: Services, config: Config, startedByNpm: boolean): Promise<void> {
  // From here on a signal stops the process in order, even before the start is complete.
  const signal = nextSignal(startedByNpm)
  try {
    // For the name localhost, Fastify would open a second server on ::1 without our limits, and stopping would not
    // wait for it.
    await app.listen({ host: config.host === 'localhost' ? '127.0.0.1' : config.host, port: config.port })
    process.stdout.write(`Forgelink is at ${config.publicUrl}\n`)
    await greetFirstUser(services, config.dataDir)
    app.log.info({ signal: await signal }, 'stopping')
  } finally {
    await app.close()
  }
}

const LOOK_FOR_PARENT_MS = 500

/**
 * npm starts a program in a shell and sends signals to that. Debian's, dash, ends without passing them on, and nobody would
 * stop the program: https://github.com/npm/cli/issues/5776
 */
function nextSignal(startedByNpm: boolean): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => resolve(signal))
    const { ppid: parent } = process
    if (startedByNpm) {
      setInterval(() => process.ppid !== parent && resolve('the end of npm'), LOOK_FOR_PARENT_MS).unref()
    }
  })
}
