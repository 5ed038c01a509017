// The platforms' logos, drawn by ourselves; self-hosted ones stand on a server.

import type { ScmType } from '../api.ts'
import { platforms } from '../platforms.ts'
import classes from './platform-logo.module.css'

function Cat() {
  return (
    <path
      fill="currentColor"
      d="M16 3.2A12.8 12.8 0 0 0 3.2 16c0 5.6 3.6 10.3 8.6 12 .7.1.9-.3.9-.7v-2.5c-3 .7-4-.8-4.4-1.9-.2-.6-.8-1.5-1.3-1.8-.5-.3-1.1-.9 0-1 1 0 1.7.9 2 1.3 1.1 1.9 2.9 1.4 3.7 1 .1-.8.4-1.4.8-1.7-2.9-.3-5.9-1.4-5.9-6.3 0-1.4.5-2.5 1.3-3.4-.1-.3-.6-1.6.1-3.4 0 0 1.1-.3 3.5 1.3a12 12 0 0 1 6.4 0c2.4-1.7 3.5-1.3 3.5-1.3.7 1.8.3 3.1.1 3.4.8.9 1.3 2 1.3 3.4 0 4.9-3 6-5.9 6.3.5.4.9 1.2.9 2.4v3.5c0 .4.2.9.9.7A12.8 12.8 0 0 0 16 3.2Z"
    />
  )
}

function Fox() {
  return (
    <>
      <path fill="#e2432a" d="m16 27.5 5-15.3H11Z" />
      <path fill="#fc6d26" d="M16 27.5 11 12.2H4Z" />
      <path fill="#fca326" d="m4 12.2-1.5 4.7c-.2.5 0 1 .4 1.3L16 27.5Z" />
      <path fill="#e2432a" d="M4 12.2h7L8 3c-.2-.5-.9-.5-1 0Z" />
      <path fill="#fc6d26" d="m16 27.5 5-15.3h7Z" />
      <path fill="#fca326" d="m28 12.2 1.5 4.7c.2.5 0 1-.4 1.3L16 27.5Z" />
      <path fill="#e2432a" d="M28 12.2h-7L24 3c.2-.5.9-.5 1 0Z" />
    </>
  )
}

export function PlatformLogo({ type, size = 24 }: { type: ScmType; size?: number }) {
  const { vendor, selfHosted } = platforms[type]
  return (
    <span className={classes.logo}>
      <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
        {vendor === 'github' ? <Cat /> : <Fox />}
      </svg>
      {selfHosted && size > 20 && (
        <svg className={classes.server} width={size * 0.46} height={size * 0.46} viewBox="0 0 16 16" aria-hidden="true">
          <rect className={classes.plate} x="0" y="0" width="16" height="16" rx="5" />
          <g fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round">
            <rect x="3" y="3.5" width="10" height="3.8" rx="1.2" />
            <rect x="3" y="8.9" width="10" height="3.8" rx="1.2" />
          </g>
        </svg>
      )}
    </span>
  )
}
