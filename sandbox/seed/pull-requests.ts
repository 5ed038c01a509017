// The pull requests of the sandbox, including those in the API's documentation.

import type { PullRequest } from '../state.ts'
import { people } from './people.ts'
import { day, repositoryIds } from './repositories.ts'

export function seedPullRequests(): PullRequest[] {
  return [...documented(), ...alices(), ...elsewhere()]
}

/** Only 3 and 8 are open, as in the documented answer. */
function documented(): PullRequest[] {
  const { alice, johnDiggle, carol } = people
  const inExample = (number: number, title: string, own: Partial<PullRequest>) =>
    pull(5000 + number, repositoryIds.example, number, title, { authorId: johnDiggle, ...own })
  return [
    inExample(1, 'Initial import', { state: 'merged' }),
    inExample(2, 'Fix typo in the example', { state: 'closed' }),
    inExample(3, 'Add logo', { headBranch: 'feature/add-logo' }),
    inExample(4, 'Update documentation', { state: 'merged', authorId: carol }),
    inExample(5, 'Remove the logo again', { state: 'closed', headRepositoryId: null, headBranch: 'no-logo' }),
    inExample(6, 'Refactor configuration loading', { state: 'merged' }),
    inExample(7, 'Add a second logo', { state: 'closed', authorId: alice, headRepositoryId: repositoryIds.aliceFork }),
    inExample(8, 'Add feature', {
      authorId: alice,
      headRepositoryId: repositoryIds.aliceFork,
      headBranch: 'feature/add-feature',
    }),
  ]
}

/** Forty-five in each state, by Alice, in her own example repository. */
function alices(): PullRequest[] {
  const states = ['open', 'merged', 'closed'] as const
  const many = Array.from({ length: 45 }, (_, index) => {
    const number = index + 1
    const state = states[index % states.length] ?? 'open'
    return pull(6000 + number, repositoryIds.aliceExample, number, `Change number ${number}`, { state })
  })
  return [
    ...many,
    pull(6046, repositoryIds.aliceExample, 46, 'Being merged right now', { state: 'locked' }),
    pull(6047, repositoryIds.aliceExample, 47, 'Änderung “mit” Ünïcode 🚀 <b>', { body: null }),
    pull(6048, repositoryIds.aliceExample, 48, 'Draft: not ready', { draft: true }),
    pull(6049, repositoryIds.aliceExample, 49, 'From a deleted fork', { headRepositoryId: null, headBranch: 'gone' }),
    pull(6050, repositoryIds.aliceExample, 50, 'From a hidden fork', { headRepositoryId: repositoryIds.secretCore }),
  ]
}

function elsewhere(): PullRequest[] {
  return [
    pull(7001, 27, 1, 'Private change', {}),
    pull(7002, 50, 1, 'New landing page', {}),
    pull(7003, 51, 1, 'Sharpen the hammer', { authorId: people.johnDiggle }),
    pull(7004, 54, 1, 'Change behind single sign-on', {}),
  ]
}

function pull(id: number, repositoryId: number, number: number, title: string, own: Partial<PullRequest>): PullRequest {
  const state = own.state ?? 'open'
  const ended = state === 'closed' || state === 'merged' ? day(number + 30) : null
  return {
    id,
    issueId: id + 400_000,
    number,
    repositoryId,
    title,
    body: `About: ${title}`,
    state,
    authorId: people.alice,
    headRepositoryId: repositoryId,
    headBranch: `feature/${number}`,
    baseBranch: 'main',
    draft: false,
    createdAt: day(number),
    updatedAt: day(number + 31),
    closedAt: ended,
    mergedAt: state === 'merged' ? ended : null,
    ...own,
  }
}
