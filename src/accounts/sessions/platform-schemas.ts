// What the dashboard gets to know about platforms: their names and words, and what it needs to offer linking.

import { Type } from 'typebox'
import type { OAuthSetups } from '../../platforms/oauth-setups.ts'
import { isOAuthScmType, SCM_TYPES, type ScmType, scmTypes, type VendorName } from '../../platforms/scm-types.ts'
import { vendorOf } from '../../platforms/vendors.ts'

export const PlatformSchema = Type.Object({
  scm_type: Type.Unsafe<ScmType>({ type: 'string' }),
  vendor: Type.Unsafe<VendorName>({ type: 'string', description: 'Whose icon it has.' }),
  label: Type.String(),
  self_hosted: Type.Boolean({ description: 'Linked by URL and token; the others by OAuth.' }),
  oauth: Type.Unsafe<{ configured: boolean; url: string } | null>({
    anyOf: [Type.Object({ configured: Type.Boolean(), url: Type.String() }), { type: 'null' }],
  }),
  words: Type.Object({
    vendor: Type.String(),
    server: Type.String(),
    organizations: Type.String(),
    change_request: Type.String(),
    change_requests: Type.String(),
    change_request_sign: Type.String(),
    repository_form: Type.String(),
  }),
  short_words: Type.Unsafe<{ fewer_than: number; hint: string } | null>({
    anyOf: [Type.Object({ fewer_than: Type.Integer(), hint: Type.String() }), { type: 'null' }],
    description: 'Words of a search with fewer letters find nothing.',
  }),
  scopes: Type.Array(Type.Object({ name: Type.String(), why: Type.String(), optional: Type.Boolean() })),
  new_token_path: Type.String({ description: 'Below the platform’s address: its page for making such a token.' }),
})

function platformJson(oauth: OAuthSetups, scmType: ScmType) {
  const { vendor, label } = scmTypes[scmType]
  const { words, addresses, scopes } = vendorOf(scmType)
  const asked = scopes.filter(({ use }) => use !== 'known')
  return {
    scm_type: scmType,
    vendor,
    label,
    self_hosted: !isOAuthScmType(scmType),
    oauth: isOAuthScmType(scmType)
      ? { configured: oauth[scmType].application !== null, url: oauth[scmType].url }
      : null,
    words: {
      vendor: words.name,
      server: words.server,
      organizations: words.organizations,
      change_request: words.changeRequest.one,
      change_requests: words.changeRequest.many,
      change_request_sign: words.changeRequest.sign,
      repository_form: words.repositoryForm,
    },
    short_words: words.shortWords && { fewer_than: words.shortWords.fewerThan, hint: words.shortWords.hint },
    scopes: asked.map(({ name, meaning, use }) => ({ name, why: meaning, optional: use === 'optional' })),
    new_token_path: addresses.newTokenPath(asked.map(({ name }) => name)),
  }
}

export function platformsJson(oauth: OAuthSetups) {
  return SCM_TYPES.map((scmType) => platformJson(oauth, scmType))
}
