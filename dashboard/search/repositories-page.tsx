// Searches the repositories that a linked account can see.

import { Select, Switch } from '@mantine/core'
import { type Integration, type Repository, type Session, searchRepositories } from '../api.ts'
import { useOrganizations } from '../queries.ts'
import { usePlatform } from '../told-platforms.ts'
import { Page } from '../ui/page.tsx'
import filters from './filters.module.css'
import { type RepositoryFilter, readRepositoryFilter, repositoryQuery } from './query.ts'
import { RepositoryRow } from './repository-row.tsx'
import { Search } from './search-frame.tsx'

const EVERYONE = ''

export function RepositoriesPage({ session }: { session: Session }) {
  return (
    <Page title="Repositories" lead="Search what a linked account can see, public and private.">
      <Search<RepositoryFilter, Repository>
        session={session}
        path="/repositories"
        call="search_repos"
        search={searchRepositories}
        read={readRepositoryFilter}
        query={repositoryQuery}
        initial={({ username }) => ({ words: '', owner: username, forks: false })}
        afterLink={(filter, { username }) => ({ ...filter, owner: filter.owner === null ? null : username })}
        missing={({ words, owner }) => (words.trim() || owner ? undefined : 'Type a word, or choose an owner')}
        noun={() => ['repository', 'repositories']}
        placeholder="In the name, for example: api"
        controls={({ link, filter, change }) => (
          <>
            <OwnerChoice link={link} owner={filter.owner} onChange={(owner) => change({ owner })} />
            <div className={filters.switch}>
              <Switch
                label="Include forks"
                checked={filter.forks}
                onChange={(event) => change({ forks: event.currentTarget.checked })}
              />
            </div>
          </>
        )}
        row={(repository, link) => <RepositoryRow key={repository.id} repository={repository} link={link} />}
      />
    </Page>
  )
}

interface OwnerChoiceProps {
  link: Integration
  owner: string | null
  onChange: (owner: string | null) => void
}

/** The account itself and its organisations or groups. An owner in the address is offered too. */
function OwnerChoice({ link, owner, onChange }: OwnerChoiceProps) {
  const organizations = useOrganizations(link.id)
  const logins = organizations.state === 'loaded' ? organizations.value.map(({ login }) => login) : []
  const names = new Set([link.username, ...logins, ...(owner ? [owner] : [])])
  const { organizations: groups } = usePlatform(link.scm_type).words
  return (
    <Select
      label="Owner"
      searchable
      data={[{ value: EVERYONE, label: 'Everyone' }, ...[...names].map((name) => ({ value: name, label: name }))]}
      value={owner ?? EVERYONE}
      onChange={(name) => onChange(name === EVERYONE ? null : name)}
      nothingFoundMessage={`None of your ${groups}`}
      error={organizations.state === 'failed' && `Your ${groups} could not be read.`}
    />
  )
}
