// A link that leaves Forgelink. The address comes from a platform, so it is shown as plain text unless it is http(s).

import type { ReactNode } from 'react'
import { webAddress } from '../addresses.ts'

interface ExternalLinkProps {
  to: string | null
  className?: string | undefined
  children: ReactNode
}

export function ExternalLink({ to, className, children }: ExternalLinkProps) {
  const href = webAddress(to)
  if (!href) return <span className={className}>{children}</span>
  return (
    <a href={href} className={className} target="_blank" rel="noopener noreferrer">
      {children}
      <span className="visually-hidden"> (opens in a new tab)</span>
    </a>
  )
}
