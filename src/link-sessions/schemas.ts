// Link sessions as JSON. The completion code is in none of it.

import { Type } from 'typebox'
import type { LinkSessionStatus } from '../database/tables.ts'
import { nullable, oneOf, Time, Uuid } from '../schemas.ts'
import { linkingPath } from './browser-cookie.ts'
import type { LinkSession } from './link-sessions.ts'

const STATUSES: LinkSessionStatus[] = ['open', 'begun', 'linked', 'completed', 'refused', 'failed', 'expired']

const Status = oneOf(STATUSES, {
  title: 'LinkSessionStatus',
  description: '`linked`: an account is linked in the browser, and cannot be used before it is completed.',
})

export const NewLinkSessionSchema = Type.Object(
  {
    id: Uuid,
    url: Type.String({ format: 'uri', description: 'Where to send the user’s browser.' }),
    status: Status,
    expires_at: Time,
  },
  { title: 'NewLinkSession' },
)

export const LinkSessionSchema = Type.Object(
  {
    id: Uuid,
    status: Status,
    integration: nullable(Uuid, { description: 'The link, once it is completed.' }),
    error: nullable(Type.String(), { description: 'Why nothing was linked, as a code.' }),
  },
  { title: 'LinkSession' },
)

export function newLinkSessionJson({ id, status, expiresAt }: LinkSession, publicUrl: string) {
  return { id, url: publicUrl + linkingPath(id), status, expires_at: expiresAt }
}

export function linkSessionJson({ id, status, integrationId, error }: LinkSession) {
  return { id, status, integration: integrationId, error }
}
