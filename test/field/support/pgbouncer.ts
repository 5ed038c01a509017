// PgBouncer in transaction mode in front of a PostgreSQL, on loopback, with few sessions for many clients.

import type { ChildProcess } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../support/command.ts'
import { isThere } from './programs.ts'
import { ownFolder, printed, start, stop } from './unprivileged.ts'

export interface PgBouncer {
  /** The address of the same database as `postgresUrl`, through PgBouncer. */
  url: string
  process: ChildProcess
  stop(): Promise<void>
}

export function hasPgBouncer(): boolean {
  return isThere('pgbouncer', 'apt-get install -y pgbouncer')
}

export async function startPgBouncer(postgresUrl: string): Promise<PgBouncer> {
  const { hostname, port, username, password } = new URL(postgresUrl)
  const folder = ownFolder(mkdtempSync(join(tmpdir(), 'forgelink-pgbouncer-')))
  const listenPort = await freePort()
  const users = join(folder, 'users')
  const settings = join(folder, 'pgbouncer.ini')
  writeFileSync(users, `"${username}" "${decodeURIComponent(password)}"\n`)
  writeFileSync(
    settings,
    [
      '[databases]',
      `* = host=${hostname} port=${port}`,
      '[pgbouncer]',
      'listen_addr = 127.0.0.1',
      `listen_port = ${listenPort}`,
      'unix_socket_dir =',
      'auth_type = plain',
      `auth_file = ${users}`,
      'pool_mode = transaction',
      'default_pool_size = 8',
      'max_client_conn = 1000',
      // Each transaction gets the session that was idle longest, so that one after another seldom get the same.
      'server_round_robin = 1',
      // How long a database that cannot be reached is not tried again; 15 s by default.
      'server_login_retry = 1',
      '',
    ].join('\n'),
  )
  for (const file of [users, settings]) chmodSync(file, 0o644)
  const child = start(['pgbouncer', settings], { cwd: folder, home: folder })
  await printed(child, /process up/)
  const url = new URL(postgresUrl)
  url.port = String(listenPort)
  return {
    url: url.href,
    process: child,
    async stop() {
      await stop(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
