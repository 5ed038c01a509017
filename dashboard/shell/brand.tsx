// Forgelink's logo, two links of a chain, and its name.

import { publicPath } from '../public-path.ts'
import { followLink } from '../router.ts'
import classes from './brand.module.css'

export function Brand() {
  return (
    <a href={publicPath('/profile')} onClick={followLink} className={classes.brand}>
      <svg width="28" height="28" viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="9" className={classes.plate} />
        <g className={classes.links} fill="none" strokeWidth="3" strokeLinecap="round" strokeLinejoin="round">
          <path d="M14 19.5 11.6 21.9a4 4 0 0 1-5.6-5.6L10 12.3a4 4 0 0 1 5.9.3" />
          <path d="M18 12.5 20.4 10.1a4 4 0 0 1 5.6 5.6L22 19.7a4 4 0 0 1-5.9-.3" />
        </g>
      </svg>
      Forgelink
    </a>
  )
}
