// The organisations of the sandbox; on GitLab `acme` has subgroups three deep.

import type { Flavour, Organization } from '../state.ts'
import { people } from './people.ts'

const organizationIds = {
  test: 4698196,
  another: 56149608,
  acme: 7,
  tools: 9,
  deep: 10,
  sso: 20582480,
  secret: 500,
  partners: 501,
}

export function seedOrganizations(flavour: Flavour): Organization[] {
  const { alice, johnDiggle, carol } = people
  const top = [
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
  ]
  if (flavour === 'github') return top
  return [
    ...top,
    organization(organizationIds.tools, 'tools', {
      fullPath: 'acme/tools',
      name: 'Tools',
      description: '',
      parentId: organizationIds.acme,
    }),
    organization(organizationIds.deep, 'deep', {
      fullPath: 'acme/tools/deep',
      name: 'Deep',
      description: '',
      parentId: organizationIds.tools,
      members: [{ userId: carol, level: 30 }],
    }),
  ]
}

function organization(id: number, path: string, own: Partial<Organization>): Organization {
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
