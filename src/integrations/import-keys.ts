// Imports a platform's SSH keys: new ones that can be used to sign in, and a reason for each one that is left out.

import type { User } from '../accounts/users.ts'
import type { Actor } from '../audit/events.ts'
import { recordEvent } from '../audit/events.ts'
import { inOwnersTurn } from '../database/owners-turn.ts'
import type { Platform } from '../platforms/platform.ts'
import type { Key, NewKey } from '../ssh-keys/keys.ts'
import { addKeys } from '../ssh-keys/keys.ts'
import { readPublicKey } from '../ssh-keys/public-key.ts'
import { asOneLine } from '../text.ts'
import { withPlatform } from './connect.ts'
import type { Integration } from './integrations.ts'
import { integrationData } from './integrations.ts'
import type { Services } from './services.ts'

export interface ImportedKeys {
  /** Added by this call. */
  keys: Key[]
  /** Keys that cannot be used here, each with its reason. Keys that the user already has are in neither list. */
  skipped: { title: string; reason: string }[]
}

/** Platforms allow any text as a title; ours is one line and becomes part of a name. */
const MAX_TITLE_LENGTH = 200

export async function importKeys(
  services: Services,
  actor: Actor,
  owner: User,
  idOrType: string,
): Promise<ImportedKeys> {
  async function importFrom(platform: Platform, integration: Integration): Promise<ImportedKeys> {
    const importable: (NewKey & { title: string })[] = []
    const skipped: ImportedKeys['skipped'] = []
    for (const platformKey of await platform.sshKeys()) {
      const title = asOneLine(platformKey.title, MAX_TITLE_LENGTH).trim()
      const [type = '', base64 = ''] = platformKey.key.split(' ')
      const publicKey = platformKey.unusable ? { problem: platformKey.unusable } : readPublicKey(`${type} ${base64}`)
      if ('problem' in publicKey) {
        skipped.push({ title, reason: publicKey.problem })
        continue
      }
      const name = `${integration.scmType}-${title || publicKey.fingerprint}`
      const content = `${publicKey.key} ${title}`.trimEnd()
      importable.push({ name, content, publicKey, title })
    }
    const keys = await inOwnersTurn(services.database, owner.id, async (transaction) => {
      const { maxKeys } = services.limits
      const { added, tooMany } = await addKeys(transaction, actor, owner.id, importable, maxKeys)
      const reason = `is more than the ${maxKeys} that an account may have (MAX_KEYS)`
      for (const { title } of tooMany) skipped.push({ title, reason })
      const data = { ...integrationData(integration), added: added.length, skipped: skipped.length }
      if (added.length > 0) await recordEvent(transaction, actor, owner.id, { type: 'import_keys', data })
      return added
    })
    return { keys, skipped }
  }
  return withPlatform(services, owner.id, idOrType, importFrom, { asksForAccount: true })
}
