// A link in a list: which account, where, whether it works, and whose it is.

import type { ReactNode } from 'react'
import { hostOf } from '../../addresses.ts'
import { statusWords } from '../../profile/card/status.ts'
import { usePlatform } from '../../told-platforms.ts'
import { Badge } from '../../ui/badge.tsx'
import { ExternalLink } from '../../ui/external-link.tsx'
import list from '../../ui/list.module.css'
import { PlatformLogo } from '../../ui/platform-logo.tsx'
import { Time } from '../../ui/time.tsx'
import type { Link } from '../api.ts'
import classes from './link-row.module.css'

interface LinkRowProps {
  link: Link
  /** Whose it is, in a list with links of several users. */
  whose?: ReactNode
  /** Buttons. */
  children?: ReactNode
}

export function LinkRow({ link, whose, children }: LinkRowProps) {
  const { scm_type, username, url, profile_url, status, status_reason, created_at } = link
  const { label } = usePlatform(scm_type)
  const { tone, words } = statusWords[status]
  return (
    <li className={list.row}>
      <div className={classes.link}>
        <PlatformLogo type={scm_type} size={26} />
        <div className={classes.what}>
          <h3 className={list.name}>
            <ExternalLink className={classes.name} to={profile_url}>
              {username} on {hostOf(url)}
            </ExternalLink>
          </h3>
          {status_reason && <p className={classes.reason}>{status_reason}</p>}
          <p className={list.meta}>
            {whose}
            <span>{label}</span>
            <span>
              Linked <Time at={created_at} />
            </span>
          </p>
        </div>
      </div>
      <Badge tone={tone}>{words}</Badge>
      {children}
    </li>
  )
}
