// An address of ours that names no page.

import { followLink } from '../router.ts'
import { Page } from '../ui/page.tsx'

export function NotFoundPage() {
  return (
    <Page title="No such page" lead="There is nothing at this address.">
      <p>
        <a href="/profile" onClick={followLink}>
          Go to your profile
        </a>
      </p>
    </Page>
  )
}
