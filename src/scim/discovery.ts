// What SCIM clients may ask about this server: RFC 7643 sections 5 to 7.

import { USER_SCHEMA } from './resource.ts'

export const MAX_RESULTS = 100

const CONFIG_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'
const TYPE_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:ResourceType'
const SCHEMA_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Schema'

export function serviceProviderConfig(baseUrl: string) {
  return {
    schemas: [CONFIG_SCHEMA],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: MAX_RESULTS },
    changePassword: { supported: false },
    sort: { supported: false },
    etag: { supported: false },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Service token',
        description: 'A service token with the scope scim, as bearer token.',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${baseUrl}/ServiceProviderConfig` },
  }
}

export function resourceTypes(baseUrl: string) {
  return [
    {
      schemas: [TYPE_SCHEMA],
      id: 'User',
      name: 'User',
      endpoint: '/Users',
      description: 'People with an account here.',
      schema: USER_SCHEMA,
      meta: { resourceType: 'ResourceType', location: `${baseUrl}/ResourceTypes/User` },
    },
  ]
}

function attribute(name: string, type: string, description: string, more: object = {}) {
  return {
    name,
    type,
    multiValued: false,
    description,
    required: false,
    ...(type === 'string' && { caseExact: false }),
    mutability: 'readWrite',
    returned: 'default',
    uniqueness: 'none',
    ...more,
  }
}

export function schemas(baseUrl: string) {
  return [
    {
      schemas: [SCHEMA_SCHEMA],
      id: USER_SCHEMA,
      name: 'User',
      description: 'The attributes that are stored; others are passed over.',
      attributes: [
        attribute('userName', 'string', 'Kept as it is sent.', { required: true, uniqueness: 'server' }),
        attribute('active', 'boolean', 'false: every session, token and link ends.'),
        attribute('emails', 'complex', 'The primary one is stored.', {
          multiValued: true,
          subAttributes: [
            attribute('value', 'string', 'The e-mail address.'),
            attribute('type', 'string', 'Always work.', { canonicalValues: ['work'] }),
            attribute('primary', 'boolean', 'Always true.'),
          ],
        }),
      ],
      meta: { resourceType: 'Schema', location: `${baseUrl}/Schemas/${USER_SCHEMA}` },
    },
  ]
}
