// The repositories of the sandbox: more than 250 of Alice's, the documented ones of john-diggle, and every special case.

import type { Branch, Repository } from '../state.ts'
import { people } from './people.ts'
import type { VendorSeed } from './vendor-seed.ts'

export const repositoryIds = {
  example: 89341704,
  docsExample: 275241792,
  docsUpstream: 11,
  arrowTools: 12,
  aliceExample: 21,
  aliceFork: 23,
  hiddenFork: 24,
  manyBranches: 25,
  renamed: 30,
  secretCore: 60,
}

const subjects = ['Billing', 'Payment', 'Search', 'Mail', 'Login', 'Image', 'Report', 'Queue', 'Export', 'Café']
const purposes = ['gateway for the shop', 'worker behind the queue', 'API of the back office', 'nightly batch job']

export function seedRepositories(seed: VendorSeed): Repository[] {
  return [...johnsRepositories(seed), ...alicesRepositories(), ...othersRepositories(seed), ...services()]
}

function johnsRepositories(seed: VendorSeed): Repository[] {
  return [
    repository(repositoryIds.example, 'john-diggle', 'example-repository', {
      description: 'Example Repository',
      branches: exampleBranches(),
      topics: ['demo', 'logo'],
      stars: 12,
    }),
    repository(repositoryIds.docsExample, 'john-diggle', 'project-docs-example', {
      description: 'Project documentation example',
      fork: true,
      parentId: repositoryIds.docsUpstream,
    }),
    repository(repositoryIds.arrowTools, 'john-diggle', 'arrow-tools', { description: null }),
    repository(repositoryIds.secretCore, 'secret-org', 'core', {
      visibility: 'private',
      description: 'Nobody of the outside sees this example.',
    }),
    repository(repositoryIds.docsUpstream, nested(seed, 'acme/tools'), 'project-docs-example', {
      description: 'Where the documentation example comes from',
    }),
  ]
}

function alicesRepositories(): Repository[] {
  const mine = (id: number, name: string, own: Partial<Repository>) => repository(id, 'alice', name, own)
  return [
    mine(repositoryIds.aliceExample, 'example-repository', { description: 'Example Repository', topics: ['example'] }),
    mine(22, 'project-docs-example', { description: 'Documentation of the service platform' }),
    mine(repositoryIds.aliceFork, 'example-fork', {
      description: 'Example Repository',
      fork: true,
      parentId: repositoryIds.example,
    }),
    mine(repositoryIds.hiddenFork, 'hidden-fork', {
      description: 'A fork of something that Alice no longer may see',
      fork: true,
      parentId: repositoryIds.secretCore,
      visibility: 'private',
    }),
    mine(repositoryIds.manyBranches, 'many-branches', {
      description: 'A hundred and thirty branches, trunk is the default one',
      defaultBranch: 'trunk',
      branches: numberedBranches(130),
    }),
    mine(26, 'empty-repository', { description: 'Nothing was ever pushed here', branches: [] }),
    mine(27, 'private-notes', { description: 'Private example notes', visibility: 'private' }),
    mine(28, 'unicode-samples', { title: 'Ünïcode Sämples', description: 'Überprüfung – 検索 🔍 поиск \u202eabc' }),
    mine(29, 'markup-in-text', { description: '<script>alert("description")</script> & <b>bold</b>' }),
    mine(repositoryIds.renamed, 'renamed-repository', { description: 'Was called original-name' }),
    mine(31, 'archived-repository', { description: 'Read only since 2024', archived: true }),
    mine(32, 'code-disabled', { description: 'The repository feature is switched off', codeDisabled: true }),
  ]
}

function othersRepositories(seed: VendorSeed): Repository[] {
  const { alice, bob } = people
  return [
    repository(40, 'bob', 'notes', { description: "Bob's example notes" }),
    repository(41, 'bob', 'shared-secret', {
      visibility: 'private',
      description: 'Private, and Alice may read it',
      members: [{ userId: alice, level: 30 }],
    }),
    repository(42, 'bob', 'guest-only', {
      visibility: 'private',
      description: 'Alice is a guest here and sees no code',
      members: [{ userId: alice, level: 10 }],
    }),
    repository(43, 'carol', 'hello-world', { description: 'Hello, world', visibility: 'internal' }),
    repository(50, 'acme', 'website', {
      description: 'The example website of Acme',
      members: [{ userId: bob, level: 20 }],
    }),
    repository(51, nested(seed, 'acme/tools'), 'hammer', { description: 'A tool', visibility: 'private' }),
    repository(52, nested(seed, 'acme/tools/deep'), 'drill', {
      description: 'A tool far down',
      visibility: 'private',
    }),
    repository(53, 'Test', 'test-suite', { description: 'Tests of the test organisation' }),
    repository(54, 'sso-corp', 'vault', { description: 'Example behind single sign-on', visibility: 'private' }),
    repository(55, 'partners', 'shared-with-acme', { description: 'Shared with a group', sharedWith: ['acme'] }),
  ]
}

function services(): Repository[] {
  return Array.from({ length: 260 }, (_, index) => {
    const number = index + 1
    const subject = subjects[index % subjects.length] ?? ''
    const purpose = purposes[index % purposes.length] ?? ''
    return repository(1000 + number, 'alice', `service-${String(number).padStart(3, '0')}`, {
      title: `Service ${number}`,
      description: number % 25 === 0 ? null : `${subject} service, ${purpose}`,
      visibility: number % 10 === 0 ? 'private' : 'public',
      topics: [subject.toLowerCase()],
      stars: number % 7,
      createdAt: day(number),
      updatedAt: day(number + 100),
    })
  })
}

function nested(seed: VendorSeed, path: string): string {
  return seed.nestsGroups ? path : path.replace(/\/.*/, '')
}

function repository(id: number, owner: string, name: string, own: Partial<Repository>): Repository {
  return {
    id,
    name,
    title: titleFrom(name),
    owner,
    description: '',
    visibility: 'public',
    fork: false,
    parentId: null,
    defaultBranch: 'main',
    branches: ['main', 'develop', 'feature/login'].map((branch) => ({ name: branch, protected: branch === 'main' })),
    topics: [],
    stars: 0,
    archived: false,
    codeDisabled: false,
    mergeRequestsDisabled: false,
    markedForDeletionOn: null,
    createdAt: '2025-01-01T00:00:00Z',
    updatedAt: '2025-06-01T00:00:00Z',
    members: [],
    sharedWith: [],
    ...own,
  }
}

function titleFrom(name: string): string {
  return name.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => (dash ? ' ' : '') + letter.toUpperCase())
}

function exampleBranches(): Branch[] {
  const names = ['a-first-in-the-alphabet', 'develop', 'feature/add-feature', 'feature/add-logo', 'main']
  const more = Array.from({ length: 25 }, (_, index) => `release/2025.${String(index + 1).padStart(2, '0')}`)
  const odd = ['bugfix/#42-ümlaut', 'dependabot/npm_and_yarn/vite-8.0.1', 'user/alice/wip%2Fodd']
  return [...names, ...more, ...odd].sort().map((name) => ({ name, protected: name === 'main' }))
}

function numberedBranches(count: number): Branch[] {
  const names = Array.from({ length: count - 1 }, (_, index) => `feature/${String(index + 1).padStart(3, '0')}`)
  return [...names, 'trunk'].map((name) => ({ name, protected: name === 'trunk' }))
}

/** The n-th day, counted from the beginning of 2025. */
export function day(number: number): string {
  return new Date(Date.UTC(2025, 0, number)).toISOString().replace('.000', '')
}
