// Checks that the mail server answers, and lets us sign in; nothing is sent.

import type { Config } from '../../config.ts'
import { createMailer } from '../../mail/mailer.ts'
import { authoritiesWith } from '../../platforms/transport/authorities.ts'
import type { Check } from './check.ts'
import { failed, ok } from './check.ts'

const ABOUT = 'mail'

/** Nothing without SMTP_URL: links to set a password are shown then, and that is no mistake. */
export async function checkMail({ mail, extraCaCerts }: Pick<Config, 'mail' | 'extraCaCerts'>): Promise<Check[]> {
  if (!mail) return []
  const problem = await createMailer(mail, authoritiesWith(extraCaCerts)).check()
  const server = `${mail.host}:${mail.port}`
  if (problem === null) return [ok(ABOUT, `${server} answers; mail is from ${mail.from.address}.`)]
  return [failed(ABOUT, `${server}: ${problem} Correct SMTP_URL, or see what the mail server says.`)]
}
