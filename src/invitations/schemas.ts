// Invitations as JSON.

import { Type } from 'typebox'
import { NullableEmail, nullable, Time } from '../schemas.ts'
import type { Invited } from './invite.ts'

export const InvitationSchema = Type.Object(
  {
    url: nullable(Type.String(), { description: 'To be passed on; it is shown only here. null: it was mailed.' }),
    sent_to: { ...NullableEmail, description: 'Where it was mailed to. null: it was not mailed.' },
    expires_at: Time,
  },
  { title: 'Invitation' },
)

export function invitationJson({ url, sentTo, expiresAt }: Invited) {
  return { url, sent_to: sentTo, expires_at: expiresAt }
}
