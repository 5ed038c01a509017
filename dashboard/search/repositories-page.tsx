// Searches the repositories that a linked account can see.

import { Select, Switch } from '@mantine/core'
import { useState } from 'react'
import { type Integration, type Repository, type Session, searchRepositories } from '../api.ts'
import { platforms } from '../platforms.ts'
import { useOrganizations } from '../queries.ts'
import { fieldError } from '../ui/field.ts'
import { Page, Panel } from '../ui/page.tsx'
import { curlOfSearch } from './curl.ts'
import filters from './filters.module.css'
import { LinkChoice } from './link-choice.tsx'
import { type RepositoryFilter, readRepositoryFilter, repositoryQuery } from './query.ts'
import { RepositoryRow } from './repository-row.tsx'
import { Results } from './results.tsx'
import { SameCall } from './same-call.tsx'
import { SearchBox } from './search-box.tsx'
import { WithLinks } from './search-frame.tsx'
import { StartIdeas } from './start-ideas.tsx'
import { useSearch, useSearchAddress } from './use-search.ts'

const EVERYONE = ''

export function RepositoriesPage({ session }: { session: Session }) {
  return (
    <Page title="Repositories" lead="Search what a linked account can see, public and private.">
      <WithLinks>{(integrations) => <RepositorySearch session={session} integrations={integrations} />}</WithLinks>
    </Page>
  )
}

interface RepositorySearchProps {
  session: Session
  integrations: Integration[]
}

function RepositorySearch({ session, integrations }: RepositorySearchProps) {
  const address = useSearchAddress(integrations)
  const { link } = address
  const [filter, setFilter] = useState<RepositoryFilter>(() => ({
    ...readRepositoryFilter(address.query ?? ''),
    ...(address.query === null && link && { owner: link.username }),
  }))
  const [page, setPage] = useState(address.page)
  const [chosen, setChosen] = useState(link)
  const query = repositoryQuery(filter)
  const { found, idle, settled, typing } = useSearch<Repository>({
    path: '/repositories',
    link: chosen,
    query,
    page,
    search: searchRepositories,
  })

  function change(part: Partial<RepositoryFilter>) {
    setFilter((before) => ({ ...before, ...part }))
    setPage(1)
  }

  function choose(integration: Integration) {
    setChosen(integration)
    change({ owner: filter.owner === null ? null : integration.username })
  }

  return (
    <>
      <Panel>
        {/* biome-ignore lint/a11y/useSemanticElements: the search element is not known to all browsers yet */}
        <form className={filters.form} role="search" onSubmit={(event) => event.preventDefault()}>
          <div className={filters.wide}>
            <SearchBox
              label="Search"
              placeholder="In the name, for example: api"
              value={filter.words}
              busy={typing || (found.state === 'loaded' && found.busy)}
              error={found.state === 'failed' && !typing ? fieldError(found.failure, 'query', 'The query') : undefined}
              onChange={(words) => change({ words })}
            />
          </div>
          <LinkChoice integrations={integrations} chosen={chosen} onChoose={choose} />
          <OwnerChoice link={chosen} owner={filter.owner} onChange={(owner) => change({ owner })} />
          <div className={filters.switch}>
            <Switch
              label="Include forks"
              checked={filter.forks}
              onChange={(event) => change({ forks: event.currentTarget.checked })}
            />
          </div>
        </form>
      </Panel>
      {idle || !chosen ? (
        <StartIdeas title="Type a word, or choose an owner" />
      ) : (
        <>
          <Results found={found} link={chosen} noun={['repository', 'repositories']} onPage={setPage}>
            {(repository) => <RepositoryRow key={repository.id} repository={repository} link={chosen} />}
          </Results>
          <SameCall
            command={curlOfSearch(session.public_url, { call: 'search_repos', link: chosen.id, query: settled, page })}
          />
        </>
      )}
    </>
  )
}

interface OwnerChoiceProps {
  link: Integration | undefined
  owner: string | null
  onChange: (owner: string | null) => void
}

/** The account itself and what it belongs to. An owner that came with the address is offered too. */
function OwnerChoice({ link, owner, onChange }: OwnerChoiceProps) {
  const organizations = useOrganizations(link?.id)
  const logins = organizations.state === 'loaded' ? organizations.value.map(({ login }) => login) : []
  const names = new Set([...(link ? [link.username] : []), ...logins, ...(owner ? [owner] : [])])
  const groups = link && platforms[link.scm_type].vendor === 'gitlab' ? 'groups' : 'organisations'
  return (
    <Select
      label="Owner"
      searchable
      data={[{ value: EVERYONE, label: 'Everyone' }, ...[...names].map((name) => ({ value: name, label: name }))]}
      value={owner ?? EVERYONE}
      onChange={(name) => onChange(name === EVERYONE ? null : name)}
      nothingFoundMessage={`None of your ${groups}`}
      error={
        organizations.state === 'failed' ? `Your ${groups} are not here: ${organizations.failure.message}` : undefined
      }
    />
  )
}
