// The words of the mail that brings a link.

import type { Act } from '../audit/events.ts'
import type { Mail } from '../mail/mailer.ts'
import { asOneLine } from '../text.ts'

interface About {
  publicUrl: string
  /** null: the operator, or the user, an administrator. */
  maker: Act | null
  username: string
  url: string
  expiresAt: string
}

/** Longer names may be made to look like a text of their own. */
const MAX_NAME = 60

export function invitationMail({ publicUrl, maker, username, url, expiresAt }: About): Omit<Mail, 'to'> {
  const who = maker === null ? 'An administrator' : asOneLine(maker.name, MAX_NAME)
  return {
    subject: 'Set your password for Forgelink',
    text: `Hello,

${who} sends you this link to set a password for your account "${username}" at ${publicUrl}:

${url}

It works once, until ${expiresAt.slice(0, 16).replace('T', ' ')} UTC. When you use it, other browsers are signed out and API tokens end.

If you do not expect this, do nothing: without the link nothing changes. Do not pass it on, since whoever has it can sign in as you.
`,
  }
}
