// The list of users: found by name, role and activity; and a dialog to add one.

import { Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { AdministrationPath } from '../../router.ts'
import { Empty } from '../../ui/empty.tsx'
import { Page } from '../../ui/page.tsx'
import { SearchBox } from '../../ui/search-box.tsx'
import type { Account } from '../api.ts'
import { FilterChoice } from '../list/filter-choice.tsx'
import { FilterPanel } from '../list/filter-panel.tsx'
import { useListAddress } from '../list/list-address.ts'
import { Listed } from '../list/listed.tsx'
import { useList } from '../queries.ts'
import { AddUserDialog } from './add-user-dialog.tsx'
import { UserRow } from './user-row.tsx'

export const USERS: AdministrationPath = '/administration/users'

const ROLES = [
  { value: 'admin', label: 'Administrators' },
  { value: 'member', label: 'Members' },
]
const STATES = [
  { value: 'true', label: 'Active' },
  { value: 'false', label: 'Deactivated' },
]

export function UsersPage() {
  const address = useListAddress(USERS, ['search', 'role', 'active'])
  const { filters, settled, isSettled, choose, type } = address
  const users = useList<Account>('users', settled)
  const [adding, dialog] = useDisclosure(false)
  const busy = !isSettled || (users.state === 'loaded' && users.busy)

  return (
    <Page
      title="Users"
      lead="Everybody with an account here: see what they have, help them sign in, and end it when they leave."
    >
      <FilterPanel>
        <SearchBox
          placeholder="Part of a name or e-mail address"
          value={filters.search}
          busy={busy && filters.search !== ''}
          error={undefined}
          onChange={(text) => type('search', text)}
        />
        <FilterChoice
          label="Role"
          all="Any role"
          options={ROLES}
          value={filters.role}
          onChoose={(role) => choose('role', role)}
        />
        <FilterChoice
          label="State"
          all="Any state"
          options={STATES}
          value={filters.active}
          onChoose={(active) => choose('active', active)}
        />
      </FilterPanel>
      <Listed
        of={users}
        address={address}
        noun={['user', 'users']}
        action={<Button onClick={dialog.open}>Add user</Button>}
        empty={
          <Empty icon="people" title="Nobody here yet">
            <p>Add the first user.</p>
          </Empty>
        }
        row={(user) => <UserRow key={user.id} user={user} />}
      />
      <AddUserDialog opened={adding} onClose={dialog.close} />
    </Page>
  )
}
