// The `forgelink` command where it cannot be read or its settings are wrong.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { forgelink, forgelinkHere, freePort, prepareCommand } from '../support/command.ts'

const SECRET_KEYS = `k1:${Buffer.alloc(32, 1).toString('base64')}`

// A process takes half a second to start, and several of them long on a machine that has other work.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 })

const folder = mkdtempSync(join(tmpdir(), 'forgelink-command-'))
beforeAll(prepareCommand)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A folder that is not there yet. */
function newFolder(name: string): string {
  return join(folder, name)
}

describe('usage', () => {
  const dataDir = newFolder('usage')

  it('shows every command with --help, -h and without anything', async () => {
    const runs = await Promise.all(
      [['--help'], [], ['serve', '-h']].map((args) => forgelink(args, { DATA_DIR: dataDir })),
    )
    for (const { code, stdout, stderr } of runs) {
      expect([code, stderr]).toEqual([0, ''])
      for (const command of [
        'serve',
        'user add',
        'user invite',
        'user list',
        'user role',
        'user remove',
        'user password',
        'service-token add',
        'service-token list',
        'service-token remove',
        'token add',
        'doctor',
        'keys rotate',
        'store compact',
        'sandbox',
      ]) {
        expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'))
      }
    }
    expect(existsSync(dataDir)).toBe(false)
  })

  it('ends with 2 and says what is wrong with a command that cannot be read', async () => {
    const cases: [string, string][] = [
      ['fly', 'there is no command "fly"'],
      ['user fly', 'there is no command "user fly"'],
      ['serve --fast', "Unknown option '--fast'"],
      ['user add --username u', '--email is missing'],
      ['user remove one two', 'name one user, by e-mail address or user name'],
      ['user invite', 'name one user, by e-mail address or user name'],
      ['user password ada --link --password x', '--password and --link exclude each other'],
      ['service-token remove', 'name one service token by its id'],
      ['service-token add --scope read', '--name is missing'],
      ['keys', 'there is no command "keys"'],
      ['keys rotate now', '"now" is too much'],
      ['store compact now', '"now" is too much'],
    ]
    const runs = await Promise.all(cases.map(([line]) => forgelinkHere(line.split(' '), { DATA_DIR: dataDir })))
    for (const [index, { code, stdout, stderr }] of runs.entries()) {
      const [line, message = ''] = cases[index] ?? []
      expect([line, code, stdout]).toEqual([line, 2, ''])
      expect(stderr).toMatch(/^forgelink: /)
      expect(stderr).toContain(message)
      expect(stderr).toContain('See forgelink --help.')
      expect(stderr).not.toContain('    at ')
    }
    expect(existsSync(dataDir)).toBe(false)
  })
})

describe('wrong settings', () => {
  it('stop every command with exit code 1 and all problems, no secret among them, and nothing is created', async () => {
    const settings = {
      DATA_DIR: newFolder('wrong'),
      PORT: 'x',
      PUBLIC_URL: 'http://forge.example.com',
      DATABASE_URL: 'mysql://u:hunter2@db/f',
      GITHUB_CLIENT_SECRET: 'hunter2',
      ALLOWED_HOSTS: '*',
      LOG_LEVEL: 'loud',
    }
    const runs = await Promise.all([['serve'], ['user', 'list']].map((args) => forgelink(args, settings)))
    for (const { code, stdout, stderr } of runs) {
      expect([code, stdout]).toEqual([1, ''])
      const [first, ...problems] = stderr.trimEnd().split('\n')
      expect(first).toBe('forgelink: the settings are wrong, and nothing was started:')
      expect(problems.map((problem) => /^ {2}(\w+) /.exec(problem)?.[1]).sort()).toEqual([
        'ALLOWED_HOSTS',
        'DATABASE_URL',
        'GITHUB_CLIENT_ID',
        'LOG_LEVEL',
        'PORT',
        'PUBLIC_URL',
        'SECRET_KEYS',
      ])
      expect(stderr).not.toContain('hunter2')
    }
    expect(existsSync(settings.DATA_DIR)).toBe(false)
  })

  it('that only show at work are a sentence too, not a stack', async () => {
    const file = newFolder('a-file')
    writeFileSync(file, '')
    const empty = newFolder('empty-keys')
    mkdirSync(empty)
    writeFileSync(join(empty, 'secret-keys'), '')
    const runs = await Promise.all([
      forgelinkHere(['user', 'list'], { DATA_DIR: join(file, 'data') }),
      forgelinkHere(['user', 'list'], { DATA_DIR: empty }),
      forgelinkHere(['user', 'list'], {
        DATABASE_URL: `postgres://u:hunter2@127.0.0.1:${await freePort()}/f`,
        SECRET_KEYS,
      }),
      forgelink(['serve'], { DATA_DIR: newFolder('wrong-host'), HOST: 'no-such-host.invalid', LOG_LEVEL: 'silent' }),
    ])
    expect(runs.map(({ code, stdout }) => [code, stdout])).toEqual(new Array(4).fill([1, '']))
    for (const { stderr } of runs) {
      expect(stderr).not.toContain('    at ')
      expect(stderr).not.toContain('hunter2')
    }
    const [noFolder, noKeys, noDatabase, noHost] = runs.map(({ stderr }) => stderr)
    expect(noFolder).toContain(join(file, 'data'))
    expect(noKeys).toContain(`${join(empty, 'secret-keys')} lists no key`)
    expect(noDatabase).toBe('forgelink: The store is not available just now. Try again in a moment. (ECONNREFUSED)\n')
    expect(noHost).toBe('forgelink: HOST is no address or name of this machine\n')
  })
})
