// The pages of administrators by their addresses. They are loaded together, when the first of them is opened.

import type { Session } from '../api.ts'
import type { AdministrationPath } from '../router.ts'
import { AllActivityPage } from './activity/all-activity-page.tsx'
import { LinksPage } from './links/links-page.tsx'
import { OverviewPage } from './overview/overview-page.tsx'
import { ServiceTokensPage } from './service-tokens/service-tokens-page.tsx'
import { UserPage } from './user/user-page.tsx'
import { USERS, UsersPage } from './users/users-page.tsx'

export function Administration({ session, path }: { session: Session; path: string }) {
  if (path.startsWith(`${USERS}/`)) {
    const id = decodeURIComponent(path.slice(USERS.length + 1))
    return <UserPage key={id} id={id} session={session} />
  }
  switch (path as AdministrationPath) {
    case '/administration/users':
      return <UsersPage />
    case '/administration/links':
      return <LinksPage />
    case '/administration/activity':
      return <AllActivityPage />
    case '/administration/service-tokens':
      return <ServiceTokensPage session={session} />
    default:
      return <OverviewPage />
  }
}
