// Searches the pull requests (merge requests, on GitLab) of a linked account or of one repository.

import { SegmentedControl, TextInput } from '@mantine/core'
import { useState } from 'react'
import { type Integration, type PullRequest, type Session, searchPullRequests } from '../api.ts'
import { platforms } from '../platforms.ts'
import { fieldError } from '../ui/field.ts'
import { Page, Panel } from '../ui/page.tsx'
import { curlOfSearch } from './curl.ts'
import filters from './filters.module.css'
import { LinkChoice } from './link-choice.tsx'
import { PullRequestRow } from './pull-request-row.tsx'
import { type PullRequestFilter, pullRequestQuery, readPullRequestFilter } from './query.ts'
import { Results } from './results.tsx'
import { SameCall } from './same-call.tsx'
import { SearchBox } from './search-box.tsx'
import { WithLinks } from './search-frame.tsx'
import { StartIdeas } from './start-ideas.tsx'
import { useSearch, useSearchAddress } from './use-search.ts'

export function PullRequestsPage({ session }: { session: Session }) {
  return (
    <Page
      title="Pull requests"
      lead="Those you opened anywhere, or all of one repository. GitLab calls them merge requests."
    >
      <WithLinks>{(integrations) => <PullRequestSearch session={session} integrations={integrations} />}</WithLinks>
    </Page>
  )
}

interface PullRequestSearchProps {
  session: Session
  integrations: Integration[]
}

function PullRequestSearch({ session, integrations }: PullRequestSearchProps) {
  const address = useSearchAddress(integrations)
  const [filter, setFilter] = useState<PullRequestFilter>(() => readPullRequestFilter(address.query ?? 'is:open'))
  const [page, setPage] = useState(address.page)
  const [chosen, setChosen] = useState(address.link)
  const query = pullRequestQuery(filter)
  const { found, idle, settled, typing } = useSearch<PullRequest>({
    path: '/pull-requests',
    link: chosen,
    query,
    page,
    search: searchPullRequests,
  })
  const merge = chosen && platforms[chosen.scm_type].vendor === 'gitlab'

  function change(part: Partial<PullRequestFilter>) {
    setFilter((before) => ({ ...before, ...part }))
    setPage(1)
  }

  function choose(integration: Integration) {
    setChosen(integration)
    change({ repository: '' })
  }

  return (
    <>
      <Panel>
        {/* biome-ignore lint/a11y/useSemanticElements: the search element is not known to all browsers yet */}
        <form className={filters.form} role="search" onSubmit={(event) => event.preventDefault()}>
          <div className={filters.wide}>
            <SearchBox
              label="Search"
              placeholder="In the title, for example: login"
              value={filter.words}
              busy={typing || (found.state === 'loaded' && found.busy)}
              error={found.state === 'failed' && !typing ? fieldError(found.failure, 'query', 'The query') : undefined}
              onChange={(words) => change({ words })}
            />
          </div>
          <LinkChoice integrations={integrations} chosen={chosen} onChoose={choose} />
          <TextInput
            label="Repository"
            placeholder={merge ? 'group/subgroup/name, or empty for yours' : 'owner/name, or empty for yours'}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={filter.repository}
            onChange={(event) => change({ repository: event.currentTarget.value })}
          />
          <StateChoice state={filter.state} onChange={(state) => change({ state })} />
        </form>
      </Panel>
      {idle || !chosen ? (
        <StartIdeas title="Type a word, name a repository, or choose open or closed" />
      ) : (
        <>
          <Results
            found={found}
            link={chosen}
            noun={merge ? ['merge request', 'merge requests'] : ['pull request', 'pull requests']}
            onPage={setPage}
          >
            {(pullRequest) => (
              <PullRequestRow key={pullRequest.html_url} pullRequest={pullRequest} sign={merge ? '!' : '#'} />
            )}
          </Results>
          <SameCall
            command={curlOfSearch(session.public_url, {
              call: 'search_pull_requests',
              link: chosen.id,
              query: settled,
              page,
            })}
          />
        </>
      )}
    </>
  )
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
