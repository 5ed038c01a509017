// The `forgelink` command: reads the command line, runs the row of the table in `cli/commands.ts`, and explains errors.

import { type Context, UsageError } from './cli/command.ts'
import type { Config } from './config.ts'
import { ConfigError } from './config.ts'
import { storeWords } from './database/postgres/store-words.ts'
import { Failure } from './failure.ts'
import type { Services } from './services.ts'

/** Runs `forgelink …args`. Problems are printed on standard error with exit code 1, wrong usage with 2. */
export async function main(args: string[]): Promise<void> {
  try {
    await run(args)
  } catch (error) {
    const [message, exitCode] = explain(error)
    process.stderr.write(`forgelink: ${message}\n`)
    process.exitCode = exitCode
  }
}

async function run(args: string[]): Promise<void> {
  const { parse } = await import('./cli/parse.ts')
  const parsed = parse(args)
  if (parsed.asks === 'version') print((await import('./metrics/version.ts')).ownVersion())
  else if (parsed.asks === 'help') {
    const { helpOfMany, helpOfOne } = await import('./cli/help.ts')
    process.stdout.write('words' in parsed ? helpOfMany(parsed.words) : helpOfOne(parsed.name, parsed.row))
  } else await parsed.row.run(parsed.given, parsed.operands, await openContext(parsed.given['env-file']))
}

function print(text: string): void {
  if (text !== '') process.stdout.write(`${text}\n`)
}

/** `file`: what `--env-file` names. */
async function openContext(file: string | undefined): Promise<Context> {
  const { env: environment } = process
  const { loadEnvFile } = await import('./cli/env-file.ts')
  const envFile = file === undefined ? null : { path: file, names: loadEnvFile(file, environment) }
  async function settings(seen?: (name: string) => void): Promise<Config> {
    const { readConfig } = await import('./read-config.ts')
    return readConfig(environment, seen)
  }
  async function withServices(work: (services: Services, config: Config) => Promise<string>): Promise<void> {
    const config = await settings()
    const { openServices } = await import('./services.ts')
    const services = await openServices(config, { patient: true })
    try {
      print(await work(services, config))
    } finally {
      await services.close()
    }
  }
  return { environment, envFile, settings, withServices, print }
}

function explain(error: unknown): [message: string, exitCode: number] {
  if (error instanceof ConfigError) {
    return [
      `the settings are wrong, and nothing was started:\n${error.problems.map((line) => `  ${line}`).join('\n')}`,
      1,
    ]
  }
  if (error instanceof Failure) {
    const { store } = error.details.log ?? {}
    return [store ? `${storeWords(store) ?? error.message} (${store})` : error.message, 1]
  }
  if (error instanceof UsageError || hasCode(error, /^ERR_PARSE_ARGS/)) {
    return [`${(error as Error).message}\nSee forgelink help.`, 2]
  }
  if (hasCode(error, /^EADDRINUSE$/)) return ['the port is taken by another program; set PORT to a free one', 1]
  if (hasCode(error, /^E(ADDRNOTAVAIL|NOTFOUND|AI_AGAIN)$/)) return ['HOST is no address or name of this machine', 1]
  // The system's own errors say what failed and where: "EACCES: permission denied, mkdir '/data'".
  if (hasCode(error, /^E[A-Z]+$/)) return [(error as Error).message, 1]
  return [error instanceof Error ? (error.stack ?? error.message) : 'failed', 1]
}

function hasCode(error: unknown, code: RegExp): boolean {
  return error instanceof Error && 'code' in error && code.test(String(error.code))
}
