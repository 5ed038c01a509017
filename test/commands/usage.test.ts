// The `forgelink` command where it cannot be read or its settings are wrong.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.ts'
import { parse } from '../../src/cli/parse.ts'
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
  const help = (...args: string[]) => forgelinkHere(args, { DATA_DIR: dataDir })

  it('shows every command with --help, -h, help and without anything', async () => {
    const runs = [
      await forgelink(['--help'], { DATA_DIR: dataDir }),
      await help('-h'),
      await help('help'),
      await forgelink([], { DATA_DIR: dataDir }),
    ]
    for (const { code, stdout, stderr } of runs) {
      expect([code, stderr]).toEqual([0, ''])
      expect(stdout).toBe(runs[0]?.stdout)
    }
    const [{ stdout = '' } = {}] = runs
    for (const name of Object.keys(COMMANDS)) expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
    expect(existsSync(dataDir)).toBe(false)
  })

  it.each(Object.entries(COMMANDS))('%s has a help of its own, with each option and an example', async (name, row) => {
    const words = name.split(' ')
    const { code, stdout, stderr } = await help('help', ...words)
    expect([code, stderr]).toEqual([0, ''])
    for (const asked of [
      [...words, '--help'],
      [...words, '-h'],
    ])
      expect((await help(...asked)).stdout).toBe(stdout)
    expect(stdout).toContain(`Usage: forgelink ${[name, ...row.operands].join(' ')}`)
    for (const option of [...row.needs, ...row.takes, 'env-file', 'help'])
      expect(stdout).toMatch(new RegExp(`^  --${option}\\b.* {2}\\S`, 'm'))
    expect(row.example).toMatch(new RegExp(`^${name}\\b`))
    expect(stdout).toContain(`Example: forgelink ${row.example}\n`)
    // The example is one that the command takes.
    const parsed = parse(row.example.split(' '))
    expect(parsed).toMatchObject({ asks: 'run', row })
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(140)
    const documented = readFileSync('docs/configuration.md', 'utf8')
    expect(documented).toMatch(new RegExp(`^\\| \`forgelink ${name}\\b`, 'm'))
    expect(existsSync(dataDir)).toBe(false)
  })

  it('lists the commands that begin with the same word', async () => {
    const { stdout } = await help('help', 'token')
    expect(stdout).toMatch(/^Usage: forgelink token … \[OPTIONS\]$/m)
    expect([...stdout.matchAll(/^ {2}(token \w+)/gm)].map(([, name]) => name)).toEqual([
      'token add',
      'token list',
      'token remove',
    ])
    expect((await help('token', '--help')).stdout).toBe(stdout)
  })

  it('prints the version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
    for (const option of ['--version', '-v']) {
      expect(await help(option)).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
    }
  })

  it('ends with 2 and says what is wrong with a command that cannot be read', async () => {
    const cases: [string, string][] = [
      ['fly', 'there is no command "fly"\n'],
      ['user fly', 'there is no command "user fly"\n'],
      ['server', 'there is no command "server"; did you mean serve?'],
      ['user lsit', 'there is no command "user lsit"; did you mean user list?'],
      ['usr list', 'there is no command "usr list"; did you mean user list?'],
      ['help docter', 'there is no command "docter"; did you mean doctor?'],
      ['serve --fast', '"serve" has no option --fast\n'],
      ['user list --jsno', '"user list" has no option --jsno; did you mean --json?'],
      ['user list --email e', '"user list" has no option --email\n'],
      ['user list --json=yes', "Option '--json' does not take an argument"],
      ['user add --username u', '--email is missing'],
      ['user add --username u --email', "Option '--email <value>' argument missing"],
      ['user remove', 'USER is missing'],
      ['user invite', 'USER is missing'],
      ['user remove one two', '"two" is too much'],
      ['user role one', 'admin|member is missing'],
      ['user password ada --link --password x', '--password and --link exclude each other'],
      ['service-token remove', 'ID is missing'],
      ['service-token add --scope read', '--name is missing'],
      ['token list', '--user is missing'],
      ['keys', 'there is no command "keys"'],
      ['keys rotate now', '"now" is too much'],
      ['sandbox --port 65532', '--port must be a whole number from 1 to 65531'],
      ['user list --env-file /no/such.env', '--env-file names a file that cannot be read: "/no/such.env" (ENOENT)'],
    ]
    for (const [line, message] of cases) {
      const { code, stdout, stderr } = await help(...line.split(' '))
      expect([line, code, stdout]).toEqual([line, 2, ''])
      expect(stderr).toMatch(/^forgelink: /)
      expect(stderr).toContain(message)
      expect(stderr).toContain('See forgelink help.')
      expect(stderr).not.toContain('    at ')
    }
    expect(existsSync(dataDir)).toBe(false)
  })
})

describe('--env-file', () => {
  it('gives settings that the environment does not have', async () => {
    mkdirSync(newFolder('env'))
    const file = join(newFolder('env'), 'forgelink.env')
    const fromFile = newFolder('env/from-file')
    writeFileSync(file, `# A comment\nDATA_DIR="${fromFile}"\nexport LOG_LEVEL=debug\nPORT=0\n`)
    const run = await forgelinkHere(['doctor', '--env-file', file], { LOG_LEVEL: 'warn', PORT: '' })
    expect(run.stdout).toContain(
      `✓ settings      From the environment: LOG_LEVEL. From ${file}: DATA_DIR, PORT. The others have their defaults.`,
    )
    expect(run.stdout).toContain(`There is no ${fromFile}/forgelink.db yet`)
    const other = await forgelinkHere(['doctor', `--env-file=${file}`], { DATA_DIR: newFolder('env/other') })
    expect(other.stdout).toContain(`There is no ${newFolder('env/other')}/forgelink.db yet`)
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
