// The app: loads the session, then shows the shell with the page in the address.

import { lazy, Suspense, useEffect } from 'react'
import type { Session } from './api.ts'
import { Load } from './loaded.tsx'
import { ProfilePage } from './profile/profile-page.tsx'
import { useSession } from './queries.ts'
import { replaceAddress, useAddress } from './router.ts'
import { Shell } from './shell/shell.tsx'
import { PageSkeleton, ShellSkeleton } from './shell/skeletons.tsx'
import { PlatformsProvider } from './told-platforms.ts'

const RepositoriesPage = lazy(async () => ({
  default: (await import('./search/repositories-page.tsx')).RepositoriesPage,
}))
const PullRequestsPage = lazy(async () => ({
  default: (await import('./search/pull-requests-page.tsx')).PullRequestsPage,
}))
const KeysPage = lazy(async () => ({ default: (await import('./keys/keys-page.tsx')).KeysPage }))
const TokensPage = lazy(async () => ({ default: (await import('./tokens/tokens-page.tsx')).TokensPage }))
const AccountPage = lazy(async () => ({ default: (await import('./account/account-page.tsx')).AccountPage }))
const ActivityPage = lazy(async () => ({ default: (await import('./activity/activity-page.tsx')).ActivityPage }))

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
        <Suspense fallback={<PageSkeleton />}>
          <CurrentPage session={session} path={path} />
        </Suspense>
      </Shell>
    </PlatformsProvider>
  )
}

function CurrentPage({ session, path }: { session: Session; path: string }) {
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
