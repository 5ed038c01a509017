// The list of everybody's links: which are unwell, and why.

import { TextInput } from '@mantine/core'
import { statusWords } from '../../profile/card/status.ts'
import { usePlatforms } from '../../told-platforms.ts'
import { Empty } from '../../ui/empty.tsx'
import { Page } from '../../ui/page.tsx'
import { PageLink } from '../../ui/page-link.tsx'
import type { Link } from '../api.ts'
import { FilterChoice } from '../list/filter-choice.tsx'
import { FilterPanel, OnlyOf } from '../list/filter-panel.tsx'
import { useListAddress } from '../list/list-address.ts'
import { Listed } from '../list/listed.tsx'
import { useList } from '../queries.ts'
import { pageOfUser } from '../users/user-row.tsx'
import { LinkRow } from './link-row.tsx'

const STATUSES = Object.entries(statusWords).map(([value, { words }]) => ({ value, label: words }))

export function LinksPage() {
  const address = useListAddress('/administration/links', ['host', 'status', 'scm_type', 'user'])
  const { filters, settled, choose, type } = address
  const links = useList<Link>('integrations', settled)
  const types = usePlatforms().map(({ scm_type, label }) => ({ value: scm_type, label }))

  return (
    <Page
      title="Links"
      lead="The accounts at platforms that people have linked: which work, and why the others do not. Nobody is shown their tokens."
    >
      <FilterPanel>
        <TextInput
          label="Host"
          placeholder="github.example.com"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          value={filters.host}
          onChange={(event) => type('host', event.currentTarget.value)}
        />
        <FilterChoice
          label="Status"
          all="Any status"
          options={STATUSES}
          value={filters.status}
          onChoose={(status) => choose('status', status)}
        />
        <FilterChoice
          label="Platform"
          all="Any platform"
          options={types}
          value={filters.scm_type}
          onChoose={(scmType) => choose('scm_type', scmType)}
        />
        {filters.user && <OnlyOf user={filters.user} onAll={() => choose('user', '')} />}
      </FilterPanel>
      <Listed
        of={links}
        address={address}
        noun={['link', 'links']}
        empty={
          <Empty icon="chain" title="Nobody has linked an account yet">
            <p>
              People do so on <PageLink to="/profile">their profile</PageLink>.
            </p>
          </Empty>
        }
        row={(link) => (
          <LinkRow
            key={link.id}
            link={link}
            whose={
              <span>
                Of <PageLink to={pageOfUser(link.owner.id)}>{link.owner.username}</PageLink>
              </span>
            }
          />
        )}
      />
    </Page>
  )
}
