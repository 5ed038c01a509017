// The app: loads the session, then shows the shell with the page in the address.

import { Suspense, useEffect } from 'react'
import { AdministratorsOnly } from './administration/administrators-only.tsx'
import type { Session } from './api.ts'
import { lazyPage } from './lazy-page.ts'
import { Load } from './loaded.tsx'
import { ProfilePage } from './profile/profile-page.tsx'
import { useSession } from './queries.ts'
import { replaceAddress, useAddress } from './router.ts'
import { Shell } from './shell/shell.tsx'
import { PageSkeleton, ShellSkeleton } from './shell/skeletons.tsx'
import { PlatformsProvider } from './told-platforms.ts'
import { WhenBroken } from './ui/broken.tsx'

const RepositoriesPage = lazyPage(async () => (await import('./search/repositories-page.tsx')).RepositoriesPage)
const PullRequestsPage = lazyPage(async () => (await import('./search/pull-requests-page.tsx')).PullRequestsPage)
const KeysPage = lazyPage(async () => (await import('./keys/keys-page.tsx')).KeysPage)
const TokensPage = lazyPage(async () => (await import('./tokens/tokens-page.tsx')).TokensPage)
const AccountPage = lazyPage(async () => (await import('./account/account-page.tsx')).AccountPage)
const Administration = lazyPage(async () => (await import('./administration/administration.tsx')).Administration)
const ActivityPage = lazyPage(async () => (await import('./activity/activity-page.tsx')).ActivityPage)

export function App() {
  const session = useSession()
  if (session.state === 'failed' && session.failure.status === 401) return <ShellSkeleton />
  return (
    <Load of={session} skeleton={<ShellSkeleton />}>
      {(value) => <SignedIn session={value} />}
    </Load>
  )
}

function SignedIn({ session }: { session: Session }) {
  const { path } = useAddress()
  useEffect(() => {
    if (path === '/') replaceAddress('/profile')
  }, [path])
  return (
    <PlatformsProvider value={session.platforms}>
      <Shell session={session} path={path}>
        <WhenBroken page={path}>
          <Suspense fallback={<PageSkeleton />}>
            <CurrentPage session={session} path={path} />
          </Suspense>
        </WhenBroken>
      </Shell>
    </PlatformsProvider>
  )
}

function CurrentPage({ session, path }: { session: Session; path: string }) {
  if (path === '/administration' || path.startsWith('/administration/')) {
    return session.role === 'admin' ? <Administration session={session} path={path} /> : <AdministratorsOnly />
  }
  switch (path) {
    case '/repositories':
      return <RepositoriesPage session={session} />
    case '/pull-requests':
      return <PullRequestsPage session={session} />
    case '/keys':
      return <KeysPage />
    case '/tokens':
      return <TokensPage session={session} />
    case '/activity':
      return <ActivityPage />
    case '/account':
      return <AccountPage session={session} />
    default:
      return <ProfilePage session={session} />
  }
}
