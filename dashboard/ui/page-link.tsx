// A link to another page of the dashboard.

import type { ReactNode } from 'react'
import { publicPath } from '../public-path.ts'
import { followLink } from '../router.ts'

interface PageLinkProps {
  /** The server's path, with its query. */
  to: string
  className?: string | undefined
  children: ReactNode
}

export function PageLink({ to, className, children }: PageLinkProps) {
  return (
    <a href={publicPath(to)} className={className} onClick={followLink}>
      {children}
    </a>
  )
}
