// Searches the pull requests of a linked account or of one repository.

import { SegmentedControl, TextInput } from '@mantine/core'
import { type Integration, type Platform, type PullRequest, type Session, searchPullRequests } from '../api.ts'
import { platformIn } from '../told-platforms.ts'
import { Page } from '../ui/page.tsx'
import filters from './filters.module.css'
import { PullRequestRow } from './pull-request-row.tsx'
import { type PullRequestFilter, pullRequestQuery, readPullRequestFilter } from './query.ts'
import { Search } from './search-frame.tsx'

export function PullRequestsPage({ session }: { session: Session }) {
  const wordsOf = ({ scm_type }: Integration) => platformIn(session.platforms, scm_type).words
  return (
    <Page
      title="Pull requests"
      lead={['Those you opened anywhere, or all of one repository.', ...otherNames(session.platforms)].join(' ')}
    >
      <Search<PullRequestFilter, PullRequest>
        session={session}
        path="/pull-requests"
        call="search_pull_requests"
        search={searchPullRequests}
        read={readPullRequestFilter}
        query={pullRequestQuery}
        initial={() => ({ words: '', repository: '', state: 'open' })}
        afterLink={(filter) => ({ ...filter, repository: '' })}
        missing={missing}
        noun={(link) => [wordsOf(link).change_request, wordsOf(link).change_requests]}
        placeholder="In the title, for example: login"
        controls={({ link, filter, isPaused, change }) => (
          <>
            <TextInput
              label="Repository"
              placeholder={`${wordsOf(link).repository_form}, or empty for yours`}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              value={filter.repository}
              error={isPaused && lacksOwner(filter) && 'Put its owner before it: owner/name'}
              onChange={(event) => change({ repository: event.currentTarget.value })}
            />
            <StateChoice state={filter.state} onChange={(state) => change({ state })} />
          </>
        )}
        row={(pullRequest, link) => (
          <PullRequestRow
            key={pullRequest.html_url}
            pullRequest={pullRequest}
            sign={wordsOf(link).change_request_sign}
          />
        )}
      />
    </Page>
  )
}

/** "GitLab calls them merge requests." */
function otherNames(platforms: Platform[]): string[] {
  const others = platforms.filter(({ words }) => words.change_requests !== 'pull requests')
  return [...new Set(others.map(({ words }) => `${words.vendor} calls them ${words.change_requests}.`))]
}

function lacksOwner({ repository }: PullRequestFilter): boolean {
  return repository.trim() !== '' && !repository.includes('/')
}

function missing(filter: PullRequestFilter): string | undefined {
  if (lacksOwner(filter)) return 'Name the repository with its owner'
  return pullRequestQuery(filter) === '' ? 'Type a word, name a repository, or choose open or closed' : undefined
}

interface StateChoiceProps {
  state: PullRequestFilter['state']
  onChange: (state: PullRequestFilter['state']) => void
}

function StateChoice({ state, onChange }: StateChoiceProps) {
  return (
    <fieldset className={filters.group}>
      <legend>State</legend>
      <SegmentedControl<PullRequestFilter['state']>
        aria-label="State"
        classNames={{ root: filters.segments ?? '', indicator: filters.indicator ?? '' }}
        value={state}
        onChange={onChange}
        data={[
          { value: 'open', label: 'Open' },
          { value: 'closed', label: 'Closed' },
          { value: 'all', label: 'Both' },
        ]}
      />
    </fieldset>
  )
}
