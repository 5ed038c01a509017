// The organisations that every simulated platform has.

import type { Organization } from '../state.ts'
import { people } from './people.ts'
import type { VendorSeed } from './vendor-seed.ts'

export const organizationIds = {
  test: 4698196,
  another: 56149608,
  acme: 7,
  tools: 9,
  deep: 10,
  sso: 20582480,
  secret: 500,
  partners: 501,
}

export function seedOrganizations(seed: VendorSeed): Organization[] {
  const { alice, johnDiggle, carol } = people
  return [
    organization(organizationIds.test, 'Test', {
      description: 'This is a test GitHub Organization.',
      members: [
        { userId: alice, level: 30 },
        { userId: johnDiggle, level: 50 },
      ],
    }),
    organization(organizationIds.another, 'another-org', {
      name: 'Another Organization',
      description: 'This is an another Organization.',
      members: [{ userId: alice, level: 20 }],
    }),
    organization(organizationIds.acme, 'acme', {
      name: 'Acme',
      description: 'Acme: Werkzeuge für alle 🛠',
      members: [
        { userId: alice, level: 50 },
        { userId: johnDiggle, level: 30 },
      ],
    }),
    organization(organizationIds.sso, 'sso-corp', {
      name: 'SSO Corporation',
      description: null,
      avatar: false,
      sso: true,
      visibility: 'private',
      members: [{ userId: alice, level: 30 }],
    }),
    organization(organizationIds.secret, 'secret-org', {
      description: 'Alice is no member here.',
      visibility: 'private',
      members: [{ userId: johnDiggle, level: 50 }],
    }),
    organization(organizationIds.partners, 'partners', { members: [{ userId: carol, level: 30 }] }),
    ...structuredClone(seed.organizations),
  ]
}

export function organization(id: number, path: string, own: Partial<Organization>): Organization {
  return {
    id,
    path,
    fullPath: path,
    name: path,
    parentId: null,
    description: '',
    visibility: 'public',
    avatar: true,
    sso: false,
    createdAt: '2024-06-01T00:00:00Z',
    members: [],
    ...own,
  }
}
