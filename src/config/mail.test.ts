// SMTP_URL and MAIL_FROM, right and wrong.

import { expect, it } from 'vitest'
import { problemsOf } from '../../test/support/settings.ts'
import type { Environment, MailConfig } from '../config.ts'
import { readConfig } from '../read-config.ts'

const SMTP_URL = 'smtps://mail.example.com'
const MAIL_FROM = 'forgelink@example.com'

it.each<[Environment, Partial<MailConfig>]>([
  [{ SMTP_URL }, { host: 'mail.example.com', port: 465, tls: 'from_start', login: null }],
  [{ SMTP_URL: 'smtps://mail.example.com:4650/' }, { port: 4650 }],
  [{ SMTP_URL: 'smtp://mail.example.com' }, { port: 587, tls: 'starttls' }],
  [{ SMTP_URL: 'smtp://10.0.0.7:25?tls=none' }, { host: '10.0.0.7', port: 25, tls: 'none' }],
  // What stays on this machine may be plain.
  [{ SMTP_URL: 'smtp://localhost:1025' }, { host: 'localhost', tls: 'none' }],
  [{ SMTP_URL: 'smtp://127.0.0.1:25' }, { tls: 'none' }],
  [{ SMTP_URL: 'smtp://[::1]:25' }, { host: '::1', tls: 'none' }],
  [{ SMTP_URL: 'smtp://127.0.0.1.example.com' }, { tls: 'starttls' }],
  [{ SMTP_URL: 'smtp://me%40corp:50%25%3A@mail.example.com' }, { login: { user: 'me@corp', password: '50%:' } }],
  [{ MAIL_FROM }, { from: { name: '', address: 'forgelink@example.com' } }],
  [{ MAIL_FROM: 'Forgelink <f@x.test>' }, { from: { name: 'Forgelink', address: 'f@x.test' } }],
  [{ MAIL_FROM: '"Corp, Forgelink"  <f@x.test>' }, { from: { name: 'Corp, Forgelink', address: 'f@x.test' } }],
])('takes %j', (env, expected) => {
  expect(readConfig({ SMTP_URL, MAIL_FROM, ...env }).mail).toMatchObject(expected)
})

it.each<[string, string[]]>([
  [
    'SMTP_URL',
    [
      'mail.example.com',
      'mail.example.com:587',
      'https://mail.example.com',
      'smtp://',
      'smtp://me:hunter2@',
      'smtp://me:hunter2@ma%20il.example.com',
      'smtp://me:hunter2@mail.example.com:65536',
      'smtp://me:hunter2@mail.example.com:0',
      'smtp://me:hunter2@mail.example.com/path',
      'smtp://me:hunter2@mail.example.com#x',
      'smtp://me:hunter2@mail.example.com?tls=no',
      'smtp://me:hunter2@mail.example.com?requireTLS=false',
      'smtps://me:hunter2@mail.example.com?tls=none',
      'smtp://hunter2@mail.example.com',
      'smtp://:hunter2@mail.example.com',
      'smtp://me:hunter2%zz@mail.example.com',
    ],
  ],
  [
    'MAIL_FROM',
    [
      'forgelink',
      'a@x.test, b@x.test',
      'Forgelink <a@x.test> <b@x.test>',
      'Forgelink <a@x.test',
      'a@x.test\r\nBcc: b@x.test',
      'For\tge <a@x.test>',
      'a b@x.test',
      '<>',
    ],
  ],
])('refuses a wrong %s, and repeats no secret', (name, values) => {
  for (const value of values) {
    const problems = problemsOf({ SMTP_URL, MAIL_FROM, [name]: value })
    expect([value, problems]).toEqual([value, [expect.stringMatching(`^${name} \\S`)]])
    expect(problems.join()).not.toContain('hunter2')
  }
})

it('asks for the other one of the two', () => {
  expect(problemsOf({ SMTP_URL: 'smtp://me:hunter2@mail.example.com' })).toEqual([
    'MAIL_FROM is required with SMTP_URL: whom mail is from, such as Forgelink <forgelink@example.com>',
  ])
  expect(problemsOf({ MAIL_FROM })).toEqual(['MAIL_FROM needs SMTP_URL: set it too, or take this one away'])
})
