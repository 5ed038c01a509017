// A highlighted sentence: good news, a warning, or information.

import type { ReactNode } from 'react'
import { Icon } from './icons.tsx'
import classes from './notice.module.css'

interface NoticeProps {
  tone: 'good' | 'warn' | 'bad'
  /** Buttons beside the text. */
  actions?: ReactNode
  children: ReactNode
}

export function Notice({ tone, actions, children }: NoticeProps) {
  return (
    <div className={classes.notice} data-tone={tone}>
      <Icon name={tone === 'good' ? 'check' : 'alert'} />
      <div className={classes.text}>{children}</div>
      {actions}
    </div>
  )
}
