// Secrets in files: what systemd, Docker and Kubernetes hand over.

import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openTestFolder, problemsOf } from '../../test/support/settings.ts'
import { readConfig } from '../read-config.ts'

const KEY = Buffer.alloc(32, 1)
const { folder, file } = openTestFolder()

it('reads every secret from the file that NAME_FILE names, without line breaks around it', () => {
  const config = readConfig({
    SECRET_KEYS_FILE: file('keys', `k1:${KEY.toString('base64')}\n`),
    DATABASE_URL_FILE: file('database', 'postgres://app:hunter2@db.example/app\n'),
    HTTPS_PROXY_FILE: file('proxy', 'http://me:hunter2@proxy.example:3128\n'),
    METRICS_TOKEN_FILE: file('metrics', '\n hunter2 \n'),
    SMTP_URL_FILE: file('smtp', 'smtps://me:hunter2@mail.example\n'),
    MAIL_FROM: 'forgelink@example.test',
    GITHUB_CLIENT_ID: 'Iv1.1',
    GITHUB_CLIENT_SECRET_FILE: file('github', 'github-secret\n'),
    GITLAB_CLIENT_ID: 'app',
    GITLAB_CLIENT_SECRET_FILE: file('gitlab', 'gitlab-secret'),
  })
  expect(config.secretKeys).toEqual([{ id: 'k1', key: KEY }])
  expect([config.databaseUrl, config.metricsToken]).toEqual(['postgres://app:hunter2@db.example/app', 'hunter2'])
  expect(config.httpsProxy).toBe('http://me:hunter2@proxy.example:3128/')
  expect(config.mail?.login).toEqual({ user: 'me', password: 'hunter2' })
  expect([config.github.clientSecret, config.gitlab.clientSecret]).toEqual(['github-secret', 'gitlab-secret'])
})

it('takes an empty NAME_FILE as not set', () => {
  expect(readConfig({ METRICS_TOKEN: 'hunter2', METRICS_TOKEN_FILE: ' ' }).metricsToken).toBe('hunter2')
})

it('names the file that is not there or empty, and says so when both are set', () => {
  const missing = join(folder, 'missing')
  const empty = file('empty', '\n')
  expect(problemsOf({ SECRET_KEYS_FILE: missing, DATABASE_URL_FILE: empty })).toEqual([
    `DATABASE_URL_FILE names a file that is empty: "${empty}"`,
    `SECRET_KEYS_FILE names a file that cannot be read: "${missing}"`,
  ])
  expect(problemsOf({ METRICS_TOKEN: 'hunter2', METRICS_TOKEN_FILE: file('metrics', 'hunter3') })).toEqual([
    'METRICS_TOKEN_FILE and METRICS_TOKEN are both set: set one of them',
  ])
})

it('says of a wrong value what it says of one in the environment, without the secret', () => {
  const problems = problemsOf({
    DATABASE_URL_FILE: file('wrong', 'mysql://me:hunter2@db.example/app'),
    SECRET_KEYS_FILE: file('short', 'k1:hunter2'),
  })
  expect(problems.map((problem) => problem.split(' ', 1)[0])).toEqual(['DATABASE_URL', 'SECRET_KEYS'])
  expect(problems.join()).not.toContain('hunter2')
})
