// What both searches share: without a link nothing can be searched, so that comes first.

import type { ReactNode } from 'react'
import type { Integration } from '../api.ts'
import { Load } from '../loaded.tsx'
import { useIntegrations } from '../queries.ts'
import { followLink } from '../router.ts'
import { RowsSkeleton } from '../shell/skeletons.tsx'
import { Empty } from '../ui/empty.tsx'

export function WithLinks({ children }: { children: (integrations: Integration[]) => ReactNode }) {
  const integrations = useIntegrations()
  return (
    <Load of={integrations} skeleton={<RowsSkeleton rows={2} height={120} />}>
      {(list) =>
        list.length > 0 ? (
          children(list)
        ) : (
          <Empty icon="search" title="There is no account to search with">
            <p>
              <a href="/profile" onClick={followLink}>
                Link one on your profile
              </a>
              , then come back.
            </p>
          </Empty>
        )
      }
    </Load>
  )
}
