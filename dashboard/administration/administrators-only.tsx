// What a member sees at the address of an administrators' page.

import { Empty } from '../ui/empty.tsx'
import { Page } from '../ui/page.tsx'
import { PageLink } from '../ui/page-link.tsx'

export function AdministratorsOnly() {
  return (
    <Page title="Administrators only" lead="These pages are about everybody’s accounts.">
      <Empty icon="lock" title="You are not an administrator here">
        <p>
          An administrator can make you one. <PageLink to="/profile">Go to your profile</PageLink>
        </p>
      </Empty>
    </Page>
  )
}
