// A platform's logo; for a self-hosted one, drawn on a server.

import type { ScmType } from '../api.ts'
import { icons } from '../platforms.tsx'
import { usePlatform } from '../told-platforms.ts'
import classes from './platform-logo.module.css'

export function PlatformLogo({ type, size = 24 }: { type: ScmType; size?: number }) {
  const { vendor, self_hosted } = usePlatform(type)
  return (
    <span className={classes.logo}>
      <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
        {icons[vendor]}
      </svg>
      {self_hosted && size > 20 && (
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
